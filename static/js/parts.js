// What of an element shows a row's fields: its cells, bound attributes and lists within it; and a field written into its cell.
import { flash } from "./flash.js";
import { SIGNED, TIMES, shown, sign, utc } from "./format.js";

const BINDABLE = new Set(["href", "action", "value", "x", "width", "title", "datetime", "max", "d"]);
const known = new WeakMap(); // element -> its parts: looking for them again cost more than filling them

export function partsOf(place) {
  if (!known.has(place)) known.set(place, lookFor(place));
  return known.get(place);
}

function lookFor(place) {
  const cells = [...place.querySelectorAll("[data-f]")].filter((cell) => !cell.closest("[data-list]"));
  return {
    attributes: words(place.dataset.attrs).map((name) => [`data-${name.replaceAll("_", "-")}`, name]),
    cells: cells.map((cell) => [cell, cell.dataset.f, cell.dataset.as]),
    bounds: [place, ...place.querySelectorAll("[data-bind]")].flatMap((element) => bindings(element)),
    lists: [...place.querySelectorAll("[data-list]")].map((list) => [list, list.dataset.list]),
  };
}

const words = (text) => text?.split(" ") ?? [];

function bindings(element) {
  const pairs = words(element.dataset.bind).map((pair) => pair.split(":"));
  return pairs.filter(([attribute]) => BINDABLE.has(attribute)).map(([attribute, name]) => [element, attribute, name]);
}

export function write(cell, value, form, fresh) {
  const text = shown(value, form);
  if ("value" in cell.dataset) cell.dataset.value = value ?? "";
  const same = cell.textContent === text;
  if ("flash" in cell.dataset && typeof value === "number") flash(cell, value, fresh || same);
  if (same) return;
  if (SIGNED.has(form)) cell.dataset.sign = value === null || value === undefined ? 0 : sign(value, text);
  if (TIMES.has(form)) cell.title = value ? utc(value) : "";
  if (cell.firstChild?.nodeType === Node.TEXT_NODE) cell.firstChild.data = text;
  else cell.textContent = text;
}
