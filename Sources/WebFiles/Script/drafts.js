// What is typed in the editor outlives a reload or a session, in this tab and without secrets.
import { say } from "./status.js";

const form = document.querySelector("[data-editor]");
const store = sessionStorage, { sent } = store;
const key = document.querySelector(".who")?.textContent + location.pathname;
const secret = /(secret|token|passw\w*|key|bearer|basic)([^\w\n]+\w|$)/im;

store.removeItem("sent");
// Another page answered: it is saved, unless one must sign in first.
if (sent !== key && location.pathname !== "/login") store.removeItem(sent);
if (form) {
  const draft = JSON.parse(store[key] ?? null);
  if (sent === key) keep();
  else if (draft?.fields.some(([name, text]) => form[name]?.value !== text)) offer(draft);
  form.addEventListener("input", keep);
  form.querySelector(".save a").addEventListener("click", () => store.removeItem(key));
}
addEventListener("submit", event => {
  if (event.target.matches("[action='/logout']")) store.clear();
  if (event.target !== form || event.defaultPrevented) return;
  keep();
  store.sent = key;
});

function keep() {
  const fields = [...form].filter(({ name, type }) => /^[^_]/.test(name) && type !== "password")
    .map(({ name, value }) => [name, value]).filter(pair => !secret.test(pair.join("\n").replace(/{{.*?}}/g, "")));
  store[key] = JSON.stringify({ at: Date.now(), fields });
}

function offer({ at, fields }) {
  say("This is not saved. ");
  const button = document.createElement("button");
  button.append(`Restore what you typed ${Math.ceil((Date.now() - at) / 60_000)} min ago`);
  button.onclick = () => {
    for (const [name, value] of fields) {
      if (!form[name]) form.append(Object.assign(document.createElement("input"), { name, type: "hidden" }));
      form[name].value = value;
    }
    form.requestSubmit(form.querySelector("[value=preview]"));
  };
  document.querySelector("[data-status] p").append(button);
}
