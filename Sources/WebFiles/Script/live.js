// Keeps regions current: one stream of hints for the tab, and a region is fetched anew when a hint concerns it. Nothing
// moves under a pointer, a selection or the focus: then a button says how much is new.
import { load, Refusal, swap } from "./fragment.js";
import { saySignedOut } from "./status.js";

const settle = 250; // ms from a first hint to the fetch that also takes those that follow
const rest = 1_000; // ms between two fetches of a region
const poll = 5_000; // ms between fetches while there is no stream
const retry = 30_000; // ms until a stream is tried again that was refused

const switchButton = document.querySelector("button[data-live]");
const regions = () => [...document.querySelectorAll("[data-region][data-live-on]")];
const states = new Map(); // region's name → { timer, lastFetch, count }
let lastEvent = document.body.dataset.event; // what the page holds all before
let stream = null;
let fallback = null;
let retryTimer = null;
let isPaused = sessionStorage.getItem("cronpp-paused") === "1";
let isSignedOut = false;
let isByKeys = false; // the last thing that somebody did was to press a key

if (switchButton) start();

function start() {
  switchButton.hidden = false;
  switchButton.addEventListener("click", () => {
    isPaused = !isPaused;
    sessionStorage.setItem("cronpp-paused", isPaused ? "1" : "0");
    if (isPaused) stop("Paused", "off");
    else resume();
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? stop("Paused", "off") : resume()));
  addEventListener("pagehide", () => stop("Paused", "off"));
  addEventListener("pageshow", event => event.persisted && resume());
  document.addEventListener("keydown", () => (isByKeys = true), true);
  document.addEventListener("pointerdown", () => (isByKeys = false), true);
  for (const kind of ["pointerout", "focusout", "selectionchange"]) document.addEventListener(kind, release);
  // Where nodes do not hear each other the stream is only half of what happens.
  const besides = Number(document.body.dataset.ask);
  if (besides) setInterval(() => stream && regions().forEach(ask), besides);
  // What shows time itself is fetched anew however little happens, unless a hand is there.
  setInterval(() => regions().filter(isOld).forEach(ask), 1_000);
  if (isPaused || document.hidden) show("Paused", "off");
  else open();
}

function isOld(region) {
  const every = Number(region.dataset.liveEvery) * 1_000;
  return every > 0 && performance.now() - state(region.dataset.region).lastFetch > every && !isInUse(region);
}

function show(word, state) {
  switchButton.dataset.live = state;
  switchButton.querySelector("[data-live-word]").textContent = word;
  switchButton.title = isPaused ? "Nothing is refreshed. Press to go on." : "What is shown stays current. Press to pause.";
}

function open() {
  if (stream || isSignedOut) return;
  show("Reconnecting", "waiting");
  stream = new EventSource(`/live?after=${encodeURIComponent(lastEvent)}`);
  stream.addEventListener("open", () => {
    stopPolling();
    show("Live", "on");
  });
  stream.addEventListener("error", () => {
    show("Reconnecting", "waiting");
    if (stream?.readyState === EventSource.CLOSED) lose();
  });
  for (const kind of ["run", "job", "gap"]) {
    stream.addEventListener(kind, event => {
      lastEvent = event.lastEventId;
      // At a gap something may have been left out: all is read anew.
      if (kind === "gap") regions().forEach(ask);
      else hint(kind, JSON.parse(event.data));
    });
  }
}

/** The stream was refused, for want of a place or a session: ask now and then instead. */
function lose() {
  stream?.close();
  stream = null;
  fallback ??= setInterval(() => regions().forEach(ask), poll);
  clearTimeout(retryTimer);
  retryTimer = setTimeout(open, retry);
  regions().forEach(ask);
}

function stopPolling() {
  clearInterval(fallback);
  clearTimeout(retryTimer);
  fallback = null;
}

function stop(word, state) {
  stream?.close();
  stream = null;
  stopPolling();
  show(word, state);
}

function resume() {
  if (isPaused || document.hidden) return;
  open();
}

function hint(kind, data) {
  for (const region of regions()) {
    const { liveOn, liveJob, liveRun } = region.dataset;
    if (!liveOn.split(" ").includes(kind)) continue;
    if (liveJob && liveJob !== data.job_id) continue;
    if (liveRun && liveRun !== data.run_id) continue;
    ask(region);
  }
}

const state = name => {
  if (!states.has(name)) states.set(name, { timer: null, lastFetch: 0, count: 0 });
  return states.get(name);
};

function ask(region) {
  const name = region.dataset.region;
  const known = state(name);
  known.count += 1;
  if (known.timer) return;
  const wait = Math.max(settle, known.lastFetch + rest - performance.now());
  known.timer = setTimeout(() => {
    known.timer = null;
    const current = find(name);
    if (!current || isPaused || document.hidden) return;
    if (isInUse(current)) offer(current, known.count);
    else refresh(name);
  }, wait);
}

const find = name => document.querySelector(`[data-region="${CSS.escape(name)}"]`);

/** Whether somebody is about to do something with it. */
function isInUse(region) {
  // When it closes, the focus goes back to where it was.
  if (document.querySelector("dialog[open]")) return true;
  if (region.querySelector("tr:hover, a:hover, button:hover, pre:hover, tr[data-chosen], details[open]")) return true;
  // A button that was clicked keeps the focus; only who goes by keys, or types, is still there.
  const active = document.activeElement;
  if (region.contains(active) && (isByKeys || active.matches("input, select, textarea"))) return true;
  const selection = getSelection();
  return !selection.isCollapsed && selection.rangeCount > 0 && selection.getRangeAt(0).intersectsNode(region);
}

async function refresh(name) {
  const region = find(name);
  const known = state(name);
  known.lastFetch = performance.now();
  region.setAttribute("aria-busy", "true");
  try {
    const { element } = await load(name);
    const current = find(name);
    if (!current) return;
    // While it was fetched a hand may have come near.
    if (isInUse(current) && known.count > 0) {
      current.removeAttribute("aria-busy");
      offer(current, known.count);
      return;
    }
    known.count = 0;
    swap(current, element);
  } catch (error) {
    region.removeAttribute("aria-busy");
    if (error instanceof Refusal && error.status === 401) {
      isSignedOut = true;
      stop("Paused", "off");
      saySignedOut();
    } else {
      markStale(region, error instanceof Refusal ? error.message : "the server cannot be reached");
    }
  }
}

/** What is shown may be old: it says of when it is, and why. */
function markStale(region, reason) {
  if (region.querySelector(".stale")) return;
  const line = document.createElement("p");
  line.className = "stale";
  line.textContent = `As of ${new Date().toLocaleTimeString()}: ${reason}.`;
  region.prepend(line);
}

function offer(region, count) {
  let line = region.querySelector(".waiting");
  if (!line) {
    line = document.createElement("p");
    line.className = "waiting";
    const button = document.createElement("button");
    button.type = "button";
    button.addEventListener("click", () => {
      button.blur();
      state(region.dataset.region).count = 0;
      refresh(region.dataset.region);
    });
    line.append(button);
    region.prepend(line);
  }
  line.firstChild.textContent = count === 1 ? "1 new" : `${count} new`;
}

/** Shows what has waited, once nobody's hand is there. */
function release() {
  setTimeout(() => {
    for (const region of regions()) {
      if (region.querySelector(".waiting") && !isPaused && !isInUse(region)) ask(region);
    }
  }, settle);
}
