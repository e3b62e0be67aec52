// Lets "in 3 m 12 s" go on as time does, by the server's clock as it was when the page came.
const start = Date.parse(document.body.dataset.now);
const loadedAt = performance.now();
const overdueAfter = 5; // s
const now = () => start + performance.now() - loadedAt;

function coarse(seconds) {
  const pair = (large, unit, small, smaller) => (small ? `${large} ${unit} ${small} ${smaller}` : `${large} ${unit}`);
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return pair(Math.floor(whole / 60), "m", whole % 60, "s");
  if (whole < 86_400) return pair(Math.floor(whole / 3_600), "h", Math.floor((whole % 3_600) / 60), "m");
  return pair(Math.floor(whole / 86_400), "d", Math.floor((whole % 86_400) / 3_600), "h");
}

function words(time) {
  const distance = (Date.parse(time.dateTime) - now()) / 1_000;
  if (time.hasAttribute("data-ahead") && distance < -overdueAfter) return `overdue by ${coarse(-distance)}`;
  if (distance >= 1) return `in ${coarse(distance)}`;
  return distance <= -1 ? `${coarse(-distance)} ago` : "now";
}

function tick() {
  if (document.hidden) return;
  for (const time of document.querySelectorAll("time[datetime]")) {
    const relative = time.querySelector(".relative");
    const text = words(time);
    if (!relative || relative.textContent === text) continue;
    relative.textContent = text;
    time.classList.toggle("overdue", text.startsWith("overdue"));
  }
}

if (!Number.isNaN(start)) setInterval(tick, 1_000);
