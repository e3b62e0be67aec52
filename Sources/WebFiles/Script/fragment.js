// The one module that turns text into elements, and only text which this server has sent as a fragment: everything else
// builds elements one by one. The policy is not exported.
const type = "text/vnd.cronpp.fragment";
const policy = globalThis.trustedTypes?.createPolicy("cronpp", { createHTML: text => text })
  ?? { createHTML: text => text };

/** The server has refused: `status` and a sentence for people. */
export class Refusal extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

/** The answer is another page. */
export class Elsewhere extends Error {
  constructor(url) {
    super("The answer is another page.");
    this.url = url;
  }
}

/** Fetches one region of a page: its element, and what the page's status line would say. */
export async function load(region, url = location.href, options = {}) {
  const answer = await fetch(url, {
    ...options,
    headers: { accept: type, "cronpp-region": region },
    credentials: "same-origin",
    cache: "no-store",
  });
  const found = answer.headers.get("content-type") ?? "";
  if (new URL(answer.url).origin !== location.origin) throw new Elsewhere(location.href);
  if (found.startsWith("text/plain")) throw new Refusal(answer.status, await answer.text());
  if (!found.startsWith(type)) throw new Elsewhere(answer.url);
  const template = document.createElement("template");
  template.innerHTML = policy.createHTML(await answer.text());
  const element = template.content.querySelector(`[data-region="${CSS.escape(region)}"]`);
  if (!element) throw new Elsewhere(answer.url);
  const flash = answer.headers.get("cronpp-flash");
  return { element: document.adoptNode(element), flash: flash && decodeURIComponent(flash) };
}

/** Puts a fresh region in the place of the old one; focus and chosen rows stay where they were. */
export function swap(old, fresh) {
  const focus = old.contains(document.activeElement) ? place(document.activeElement, old) : null;
  const chosen = old.querySelector("tr[data-chosen]")?.dataset.row;
  old.replaceWith(fresh);
  if (chosen) fresh.querySelector(`tr[data-row="${CSS.escape(chosen)}"]`)?.setAttribute("data-chosen", "");
  if (focus) find(focus, fresh)?.focus({ preventScroll: true });
  dispatchEvent(new CustomEvent("cronpp:swapped", { detail: fresh }));
}

/** Where an element is, so that its successor is found. */
function place(element, region) {
  const row = element.closest("tr[data-row]")?.dataset.row;
  const scope = row ? element.closest("tr") : region;
  const peers = [...scope.querySelectorAll("a[href], button, input, select, summary, [tabindex]")];
  return { id: element.id, row, index: peers.indexOf(element) };
}

function find({ id, row, index }, region) {
  if (id) return region.querySelector(`#${CSS.escape(id)}`);
  const scope = row ? region.querySelector(`tr[data-row="${CSS.escape(row)}"]`) : region;
  const peers = scope?.querySelectorAll("a[href], button, input, select, summary, [tabindex]") ?? [];
  return peers[Math.min(index, peers.length - 1)];
}
