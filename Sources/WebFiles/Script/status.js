// The page's status line, which screen readers read out.

/** Says something; an empty text says nothing any more. */
export function say(text, failed = false) {
  const line = document.querySelector("[data-status]");
  if (!line) return;
  line.replaceChildren();
  if (!text) return;
  const words = document.createElement("p");
  words.className = failed ? "flash bad" : "flash";
  words.textContent = text;
  line.append(words);
}

/** Says that the session is over, with the way back. */
export function saySignedOut() {
  say("You are signed out. ", true);
  const link = document.createElement("a");
  link.href = `/login?next=${encodeURIComponent(location.pathname + location.search)}`;
  link.textContent = "Sign in again";
  document.querySelector("[data-status] p")?.append(link);
}
