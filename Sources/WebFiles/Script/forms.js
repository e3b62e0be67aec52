// Forms marked `data-swap` are sent without leaving the page; the region that they are in is shown anew.
import { Elsewhere, load, Refusal, swap } from "./fragment.js";
import { say, saySignedOut } from "./status.js";

addEventListener("submit", async event => {
  const form = event.target;
  const region = form.closest("[data-region]");
  if (!form.matches("[data-swap]") || !region || event.defaultPrevented) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form, event.submitter));
  const button = event.submitter;
  const action = button?.getAttribute("formaction") ?? form.action;
  // A second click does nothing while the first is under way.
  if (button) button.disabled = true;
  region.setAttribute("aria-busy", "true");
  try {
    const { element, flash } = await load(region.dataset.region, action, { method: "POST", body });
    if (button) button.disabled = false;
    // It may have been shown anew meanwhile.
    const current = document.querySelector(`[data-region="${CSS.escape(region.dataset.region)}"]`);
    if (document.activeElement === document.body) button?.focus();
    if (current) swap(current, element);
    say(flash ?? "");
  } catch (error) {
    if (button) button.disabled = false;
    region.removeAttribute("aria-busy");
    if (error instanceof Elsewhere) location.assign(error.url);
    else if (error instanceof Refusal && error.status === 401) saySignedOut();
    else if (error instanceof Refusal) say(error.message, true);
    else say("The server cannot be reached, so it is not known whether anything was done. Look before you try again.", true);
  }
});
