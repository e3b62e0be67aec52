// Keys. None of them is heard while somebody types, and all can be switched off.
import { nextTheme } from "./choices.js";

const off = "cronpp-keys-off";
let prefix = "";
let prefixTimer = null;

const fixed = [
  ["j  k", "Next and previous row"],
  ["Enter", "Open the row"],
  [".", "The row’s first button"],
  ["l", "Pause or go on refreshing"],
  ["t", "Next theme"],
  ["?", "This list"],
  ["Esc", "Close, or leave a field"],
];

addEventListener("keydown", event => {
  if (event.key === "Escape") return leave();
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target.closest?.("input, textarea, select, [contenteditable], dialog")) return;
  if (localStorage.getItem(off) === "1" && event.key !== "?") return;
  const key = prefix ? `${prefix} ${event.key}` : event.key;
  if (act(key)) event.preventDefault();
  prefix = "";
  clearTimeout(prefixTimer);
  if (key === "g") {
    prefix = "g";
    prefixTimer = setTimeout(() => (prefix = ""), 1_500);
  }
});

function act(key) {
  const marked = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (marked) {
    if (marked.matches("a")) marked.click();
    else marked.focus();
    return true;
  }
  switch (key) {
    case "j": return move(1);
    case "k": return move(-1);
    case ".": return focus(document.activeElement.closest("tr")?.querySelector(".actions button"));
    case "l": document.querySelector("button[data-live]:not([hidden])")?.click(); return true;
    case "t": nextTheme(); return true;
    case "?": showSheet(); return true;
    default: return false;
  }
}

function move(step) {
  const rows = [...document.querySelectorAll("tbody tr[data-row]")];
  const current = rows.indexOf(document.activeElement.closest("tr[data-row]"));
  const next = current < 0 ? (step > 0 ? 0 : rows.length - 1) : current + step;
  return focus(rows[next]?.querySelector("a"));
}

function focus(element) {
  element?.focus();
  element?.scrollIntoView({ block: "nearest" });
  return Boolean(element);
}

function leave() {
  document.querySelector("[data-menu][open]")?.removeAttribute("open");
  if (document.activeElement?.matches("input, textarea, select")) document.activeElement.blur();
}

// MARK: The sheet

function element(name, text, ...children) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

function showSheet() {
  const dialog = element("dialog");
  dialog.setAttribute("aria-labelledby", "keys-title");
  const title = element("h2", "Keys");
  title.id = "keys-title";
  const marked = [...document.querySelectorAll("[data-key]")].map(node => [
    node.dataset.key, node.matches("a") ? `Go to ${node.querySelector("span")?.textContent ?? node.textContent}` : "Search",
  ]);
  const list = element("dl");
  for (const [keys, what] of [...marked, ...fixed]) {
    list.append(element("dt", "", ...keys.split(" ").filter(Boolean).map(key => element("kbd", key))), element("dd", what));
  }
  const box = element("input");
  box.type = "checkbox";
  box.checked = localStorage.getItem(off) !== "1";
  box.addEventListener("change", () => localStorage.setItem(off, box.checked ? "0" : "1"));
  const close = element("button", "Close");
  close.addEventListener("click", () => dialog.close());
  dialog.append(title, list, element("p", "", element("label", "", box, " Keys do this")), close);
  const before = document.activeElement;
  dialog.addEventListener("close", () => {
    dialog.remove();
    before?.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
}
