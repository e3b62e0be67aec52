// Lets the now lane go by: its unit is the second.
const still = matchMedia("(prefers-reduced-motion: reduce)");
const stillStep = 15; // s
let drawnAt = performance.now();

addEventListener("cronpp:swapped", event => {
  if (event.detail.querySelector("[data-lane]")) drawnAt = performance.now();
});

setInterval(() => {
  const lane = document.querySelector("[data-lane]");
  const gone = Math.floor((performance.now() - drawnAt) / 1_000);
  if (!lane || document.hidden || (still.matches && gone % stillStep)) return;
  lane.style.setProperty("--gone", `${-gone}px`);
}, 1_000);
