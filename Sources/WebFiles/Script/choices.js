// Theme and time zone. Both are the server's to print; here a theme shows at once, and the browser's zone is told.
import { load, swap } from "./fragment.js";

const year = 31_536_000; // s

addEventListener("submit", event => {
  const form = event.target;
  if (form.dataset.choice !== "theme" || !event.submitter) return;
  event.preventDefault();
  choose(form, event.submitter);
});

function choose(form, button) {
  document.documentElement.dataset.theme = button.value;
  for (const other of form.querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === button));
  const body = new URLSearchParams(new FormData(form, button));
  // Where it goes is of no interest: only the cookie is.
  fetch(form.action, { method: "POST", body, redirect: "manual", keepalive: true }).catch(() => {});
}

/** The next of the themes. */
export function nextTheme() {
  const buttons = [...document.querySelectorAll("[data-choice=theme] button")];
  const current = buttons.findIndex(button => button.getAttribute("aria-pressed") === "true");
  const next = buttons[(current + 1) % buttons.length];
  if (next) choose(next.form, next);
}

// A menu closes when one goes elsewhere.
document.addEventListener("pointerdown", event => {
  for (const menu of document.querySelectorAll("[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
const told = document.cookie.split("; ").find(pair => pair.startsWith("cronpp_browser_zone="))?.split("=")[1];
if (/^[A-Za-z0-9_+\-/]{1,64}$/.test(zone) && told !== zone) {
  document.cookie = `cronpp_browser_zone=${zone}; Path=/; Max-Age=${year}; SameSite=Lax`;
  if (document.body.dataset.zone === "mine" && document.cookie.includes("cronpp_browser_zone=")) showMine();
}

/** The page came in UTC, since the server did not know better. */
async function showMine() {
  const note = document.querySelector("[data-zone-note]");
  if (note) note.textContent = `(${zone})`;
  for (const region of document.querySelectorAll("[data-region]")) {
    try {
      swap(region, (await load(region.dataset.region)).element);
    } catch {
      // It stays as it is, with its zone beside each time.
    }
  }
}
