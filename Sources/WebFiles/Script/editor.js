// The editor: what is typed is previewed as the server reads it. Nothing here knows what a schedule is.
import { load, Refusal, swap } from "./fragment.js";
import { saySignedOut } from "./status.js";

const settle = 200; // ms
const form = document.querySelector("form[data-editor]");
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
  form.querySelector("[data-review]")?.addEventListener("toggle", event => {
    if (event.target.open) ask("review-region", 0);
  });
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
