// The editor: what is typed is previewed as the server reads it. Nothing here knows what a schedule is.
import { Elsewhere, load, Refusal, swap } from "./fragment.js";
import { say, saySignedOut } from "./status.js";

const settle = 200; // ms
const form = document.querySelector("form[data-editor]");
let isRefused = false;
/** By region: what waits, what is under way, and the number of the newest question. */
const asked = new Map();

if (form) {
  form.addEventListener("input", event => {
    const region = event.target.closest("[data-shows]")?.dataset.shows;
    if (region) ask(region);
    else if (event.target.id === "more") ["preview-region", "retry-region"].forEach(name => ask(name));
    if (form.querySelector("[data-review]")?.open) ask("review-region");
  });
  form.addEventListener("click", event => {
    const chip = event.target.closest("button[name='_fill']");
    if (!chip) return;
    event.preventDefault();
    const field = form.elements.schedule;
    field.value = chip.value;
    field.focus();
    ask("preview-region", 0);
  });
  form.addEventListener("submit", event => {
    if (event.submitter?.value !== "test" || isRefused) return;
    event.preventDefault();
    test(event.submitter);
  });
  form.querySelector("[data-review]")?.addEventListener("toggle", event => {
    if (event.target.open) ask("review-region", 0);
  });
}

/** Tests the action without leaving the page. What the server refuses, the whole page says at its fields. */
async function test(button) {
  const body = new URLSearchParams(new FormData(form, button));
  const region = () => form.querySelector("[data-region='test-region']");
  button.disabled = true;
  region().setAttribute("aria-busy", "true");
  try {
    const { element } = await load("test-region", form.action, { method: "POST", body });
    // Only a page that comes anew has no focus yet.
    element.querySelector("[autofocus]")?.removeAttribute("autofocus");
    swap(region(), element);
    say("");
  } catch (error) {
    region().removeAttribute("aria-busy");
    isRefused = error instanceof Elsewhere;
    if (error instanceof Refusal && error.status === 401) saySignedOut();
    else if (error instanceof Refusal) say(error.message, true);
    else if (!isRefused) say("The server cannot be reached, so it is not known whether the test was made.", true);
  }
  button.disabled = false;
  if (document.activeElement === document.body) button.focus();
  if (isRefused) form.requestSubmit(button);
}

function ask(name, wait = settle) {
  const known = asked.get(name) ?? { number: 0 };
  asked.set(name, known);
  clearTimeout(known.timer);
  known.timer = setTimeout(() => show(name, known), wait);
}

/** An answer to an older question is dropped. */
async function show(name, known) {
  known.number += 1;
  const { number } = known;
  known.stop?.abort();
  known.stop = new AbortController();
  const region = form.querySelector(`[data-region="${name}"]`);
  region?.setAttribute("aria-busy", "true");
  try {
    const { element } = await load(name, "/jobs/preview", {
      method: "POST", body: new URLSearchParams(new FormData(form)), signal: known.stop.signal,
    });
    const current = form.querySelector(`[data-region="${name}"]`);
    if (number !== known.number || !current) return;
    const isOpen = current.querySelector("details")?.open ?? false;
    swap(current, element);
    element.querySelector("details")?.toggleAttribute("open", isOpen);
  } catch (error) {
    if (number !== known.number || error.name === "AbortError") return;
    region?.removeAttribute("aria-busy");
    if (error instanceof Refusal && error.status === 401) saySignedOut();
  }
}
