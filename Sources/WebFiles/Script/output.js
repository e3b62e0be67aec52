// Shows what a run writes while it does, as text and nothing else.
const most = 5_000; // lines that are kept; older ones make room
const busy = 100; // ms between two writes to the page
const section = document.querySelector("[data-output]");
const text = section?.querySelector("[data-output-text]");
const line = section?.querySelector("[data-output-state]");
let stream = null;
let isOver = false;
let pending = "";
let timer = null;
let dropped = 0;

if (section) {
  section.hidden = false;
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", event => event.persisted && open());
  if (!document.hidden) open();
}

function open() {
  if (stream || isOver) return;
  // A stream begins with what was written so far.
  clear();
  stream = new EventSource(section.dataset.output);
  on("attempt", data => {
    clear();
    line.textContent = `Attempt ${data.attempt}, live.`;
  });
  on("output", data => {
    if (data.kept) clear();
    add(data.text);
  });
  on("gap", data => add(`\n… ${data.bytes} bytes are left out …\n`));
  on("outcome", data => (line.textContent = `Attempt ${data.attempt} has ended.`));
  on("end", data => {
    isOver = true;
    line.textContent = `The run has ended: ${data.status.toLowerCase()}.`;
    close();
  });
  stream.addEventListener("error", () => {
    if (stream?.readyState !== EventSource.CLOSED) return;
    line.textContent = "It cannot be followed just now. What it has written is shown when it has ended.";
    close();
  });
}

function on(kind, act) {
  stream.addEventListener(kind, event => act(JSON.parse(event.data)));
}

function close() {
  stream?.close();
  stream = null;
  write();
}

function clear() {
  pending = "";
  dropped = 0;
  text.replaceChildren();
}

function add(more) {
  pending += more;
  timer ??= setTimeout(write, busy);
}

/** Each line is a text node of its own, so that old ones can go. */
function write() {
  clearTimeout(timer);
  timer = null;
  if (!pending) return;
  const isAtEnd = text.scrollHeight - text.scrollTop - text.clientHeight < 24;
  const lines = shown(pending).split("\n");
  pending = "";
  const end = text.lastChild;
  if (end && !end.data.endsWith("\n")) end.appendData(lines.shift() + (lines.length ? "\n" : ""));
  const last = lines.length - 1;
  text.append(...lines.slice(-most).map((words, index, all) => (index === all.length - 1 ? words : `${words}\n`)).filter(Boolean));
  dropped += Math.max(0, last + 1 - most);
  while (text.childNodes.length > most) {
    text.firstChild.remove();
    dropped += 1;
  }
  section.toggleAttribute("data-cut", dropped > 0);
  if (isAtEnd) text.scrollTop = text.scrollHeight;
}

/** Without what colours terminals; what cannot be seen, or changes how the rest is read, becomes a mark. */
function shown(raw) {
  return raw
    .replace(/\u001b\[[0-?]*[ -/]*[@-~]?|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b./g, "")
    .replace(/\r/g, "")
    .replace(/[\u0000-\u0008\u000b-\u001f]/g, mark => String.fromCharCode(0x2400 + mark.charCodeAt(0)))
    .replace(/[\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g, "\ufffd");
}
