// A change shows for a moment in two steps and not as an animation: that repaints a cell three times, not sixty times a second, and
// at the latter two the page is painted anyway, where it moves.
import { later } from "./drawing.js";

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const STEP = 240; // ms
const REST = 2000; // ms before the same cell may flash again: what never stops flashing says nothing
const figures = new WeakMap(); // cell -> {value, at}
let lit = [];
let fading = [];

export function flash(cell, value, fresh) {
  const known = figures.get(cell) ?? { value, at: -REST };
  const now = performance.now();
  const due = !fresh && !calm.matches && value !== known.value && now - known.at > REST;
  figures.set(cell, { value, at: due ? now : known.at });
  if (due) light(cell, value > known.value ? "up" : "down");
}

// A line that came in just now.
export function fresh(item) {
  if (!calm.matches) light(item, "new");
}

function light(element, mark) {
  element.dataset.flash = mark;
  lit.push(element);
  later(step, STEP);
}

function step() {
  for (const element of fading) if (element.dataset.flash.endsWith("-out")) element.dataset.flash = "";
  for (const element of lit) element.dataset.flash += "-out";
  fading = lit;
  lit = [];
  if (fading.length) later(step, STEP);
}
