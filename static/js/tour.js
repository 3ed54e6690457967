// A first look around, once for each browser: what four places of the page are for. Meanwhile nothing is blocked or covered.
import { recall, remember } from "./memory.js";

const GAP = 12; // px between a place and what is said of it
const EDGE = 8; // px that stay free at the window's edges
const BUSY = "dialog, details[open], input, textarea, select"; // Escape has a meaning of its own there
const card = document.getElementById("tour");
const [back, next] = card.querySelectorAll("[data-tour-back], [data-tour-next]");
const isVisible = (element) => element.checkVisibility();
const placeOf = (step) => [...document.querySelectorAll(step.dataset.at)].find(isVisible);
const isShown = () => card.matches(":popover-open");

let steps = [];
let at = 0;
let place = null;
let before = null; // what had the focus

export function showTour() {
  if (isShown()) return;
  remember("tour", "seen");
  steps = [...card.querySelectorAll("template")].filter(placeOf);
  if (!steps.length) return;
  before = document.activeElement;
  card.showPopover();
  go(0);
  next.focus({ preventScroll: true });
}

function end() {
  const held = card.contains(document.activeElement);
  place?.removeAttribute("data-tour-here");
  card.hidePopover();
  if (held) before?.focus({ preventScroll: true });
}

function go(to) {
  if (to >= steps.length) return end();
  at = Math.max(0, to);
  card.querySelector("[data-tour-count]").textContent = `${at + 1} of ${steps.length}`;
  card.querySelector("[data-tour-step]").replaceChildren(steps[at].content.cloneNode(true));
  back.hidden = at === 0;
  next.textContent = at === steps.length - 1 ? "Done" : "Next";
  if (document.activeElement === document.body) next.focus({ preventScroll: true }); // "Back" had it, and is gone
  return lay();
}

// Below its place, or above where there is more room: beside it, and never over it.
function lay() {
  if (!isShown()) return;
  place?.removeAttribute("data-tour-here");
  place = placeOf(steps[at]);
  if (!place) return;
  place.dataset.tourHere = "";
  const [of, own] = [place.getBoundingClientRect(), card.getBoundingClientRect()];
  const isBelow = of.bottom + GAP + own.height <= innerHeight || of.top < innerHeight - of.bottom;
  const middle = of.left + of.width / 2;
  const left = Math.max(EDGE, Math.min(middle - own.width / 2, document.documentElement.clientWidth - own.width - EDGE));
  card.dataset.side = isBelow ? "below" : "above";
  card.style.left = `${left}px`;
  card.style.top = `${isBelow ? of.bottom + GAP : of.top - GAP - own.height}px`;
  card.style.setProperty("--point", `${Math.max(16, Math.min(middle - left, own.width - 16))}px`);
}

card.addEventListener("click", (event) => {
  if (event.target === next) go(at + 1);
  else if (event.target === back) go(at - 1);
  else if (event.target.closest("[data-tour-end]")) end();
});
card.addEventListener("keydown", (event) => {
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  go(to);
});
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && isShown() && !event.target.closest?.(BUSY)) end();
});
addEventListener("click", (event) => {
  const wish = event.target.closest("[data-show-tour]");
  wish?.closest("dialog")?.close();
  if (wish) showTour();
});
for (const happening of ["resize", "scroll"]) addEventListener(happening, lay, { passive: true });
const watched = new ResizeObserver(lay); // the bar changes its lines as it fills
for (const element of [card, ...document.querySelectorAll(".topbar, .statusbar, .statusbar > *")]) watched.observe(element);

if (recall("tour") !== "seen") showTour();
