// Rows into the page: what the server rendered at first is found again by data-key and data-f and rewritten; new rows are
// cloned from the <template>, which is the server's own partial. At most one rendering per animation frame.
import { flash, fresh as freshLine } from "./flash.js";
import { SIGNED, TIMES, shown, sign, utc } from "./format.js";

const BINDABLE = new Set(["href", "action", "value", "x", "width", "title"]);
const OWN = ":scope > [data-key]";

export class Page {
  #waiting = new Map(); // section -> Map(key -> row or null)
  #frame = 0;
  #rows = new WeakMap(); // element -> the row that it shows

  change(sections) {
    for (const [section, rows] of Object.entries(sections)) {
      const waiting = this.#waiting.get(section) ?? new Map();
      for (const [key, row] of Object.entries(rows)) waiting.set(key, row);
      this.#waiting.set(section, waiting);
    }
    this.#frame ||= requestAnimationFrame(() => this.#render()); // never fires while the tab is hidden
  }

  // A snapshot also says which rows are gone.
  replace(state) {
    for (const [section, rows] of Object.entries(state)) {
      const gone = {};
      for (const key of this.#waiting.get(section)?.keys() ?? []) if (!(key in rows)) gone[key] = null;
      for (const list of document.querySelectorAll(`[data-rows="${section}"]`)) {
        for (const item of list.querySelectorAll(OWN)) if (!(item.dataset.key in rows)) gone[item.dataset.key] = null;
      }
      this.change({ [section]: { ...gone, ...rows } });
    }
  }

  #render() {
    this.#frame = 0;
    const waiting = this.#waiting;
    this.#waiting = new Map();
    for (const [section, rows] of waiting) {
      for (const list of document.querySelectorAll(`[data-rows="${section}"]`)) this.#list(list, rows);
      for (const [key, row] of rows) {
        if (row) for (const place of document.querySelectorAll(`[data-row="${section}/${CSS.escape(key)}"]`)) this.#fill(place, row);
      }
    }
  }

  #list(list, rows) {
    const items = new Map([...list.querySelectorAll(OWN)].map((item) => [item.dataset.key, item]));
    for (const [key, row] of rows) {
      if (row === null) items.get(key)?.remove();
      else if (items.has(key)) this.#fill(items.get(key), row);
    }
    // only now does each row that the server rendered have an order for the new ones to find their place by
    for (const [key, row] of rows) if (row !== null && !items.has(key)) this.#insert(list, key, row);
  }

  #insert(list, key, row) {
    const item = list.querySelector(":scope > template").content.firstElementChild.cloneNode(true);
    item.dataset.key = key;
    this.#fill(item, row, true);
    const before = list.dataset.sort === "asc" ? (a, b) => a < b : (a, b) => a > b;
    const others = [...list.querySelectorAll(OWN)];
    const next = others.find((other) => this.#rows.has(other) && before(row.sort, this.#rows.get(other).sort));
    list.insertBefore(item, next ?? list.querySelector(":scope > template"));
    if (list.dataset.sort === "desc") freshLine(item);
  }

  #fill(place, row, fresh = false) {
    this.#rows.set(place, row);
    for (const name of place.dataset.attrs?.split(" ") ?? []) {
      place.setAttribute(`data-${name.replaceAll("_", "-")}`, row[name] ?? "");
    }
    for (const cell of place.querySelectorAll("[data-f]")) if (!cell.closest("[data-list]")) write(cell, row[cell.dataset.f], fresh);
    bind(place, row);
    for (const bound of place.querySelectorAll("[data-bind]")) bind(bound, row);
    for (const list of place.querySelectorAll("[data-list]")) this.#nested(list, row[list.dataset.list] ?? []);
  }

  #nested(list, rows) {
    const template = list.querySelector(":scope > template");
    const texts = JSON.stringify(rows);
    if (list.dataset.shown === texts) return;
    list.dataset.shown = texts;
    const items = rows.map((row) => {
      const item = template.content.firstElementChild.cloneNode(true);
      this.#fill(item, row, true);
      for (const cell of item.querySelectorAll("[data-f]")) write(cell, row[cell.dataset.f], true);
      return item;
    });
    list.replaceChildren(...items, template);
  }
}

function bind(element, row) {
  for (const pair of element.dataset.bind?.split(" ") ?? []) {
    const [attribute, field] = pair.split(":");
    if (BINDABLE.has(attribute)) element.setAttribute(attribute, row[field] ?? "");
  }
}

function write(cell, value, fresh) {
  const form = cell.dataset.as;
  const text = shown(value, form);
  if ("value" in cell.dataset) cell.dataset.value = value ?? "";
  if (cell.textContent === text) return;
  if (SIGNED.has(form)) cell.dataset.sign = value === null || value === undefined ? 0 : sign(value, text);
  if (TIMES.has(form)) cell.title = value ? utc(value) : "";
  if ("flash" in cell.dataset && typeof value === "number") flash(cell, value, fresh);
  cell.textContent = text;
}
