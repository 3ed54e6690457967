// Rows into the page: what the server rendered at first is found again by data-key and data-f and rewritten; new rows are
// cloned from the <template>, which is the server's own partial. At most one rendering per animation frame.
import { later, soon } from "./drawing.js";
import { fresh as freshLine } from "./flash.js";
import { underHand } from "./hand.js";
import { OffScreen } from "./offscreen.js";
import { partsOf, write } from "./parts.js";
import { astray, own, place, placeAnew } from "./ranks.js";

const AGAIN = 300; // ms until rows that wait for a hand to leave are tried again

export class Page {
  #waiting = new Map(); // section -> Map(key -> row or null)
  #rows = new WeakMap(); // element -> the row that it shows
  #offScreen = new OffScreen((item, row) => this.#fill(item, row));
  #held = new Map(); // section -> what came in since it was held, as in #waiting
  #settled = new WeakSet(); // lists whose rows of the server's were seen to stand right

  change(sections) {
    for (const [section, rows] of Object.entries(sections)) {
      const waiting = this.#held.get(section) ?? this.#waiting.get(section) ?? new Map();
      for (const [key, row] of Object.entries(rows)) waiting.set(key, row);
      if (!this.#held.has(section)) this.#waiting.set(section, waiting);
    }
    soon(this.#render);
  }

  // Leave a section as it stands, and remember what comes in, until it is let go.
  hold(section) {
    if (!this.#held.has(section)) this.#held.set(section, new Map());
  }

  letGo(section) {
    const held = this.#held.get(section) ?? new Map();
    this.#held.delete(section);
    this.change({ [section]: Object.fromEntries(held) });
  }

  // A snapshot also says which rows are gone.
  replace(state) {
    for (const [section, rows] of Object.entries(state)) {
      const gone = {};
      for (const key of (this.#held.get(section) ?? this.#waiting.get(section))?.keys() ?? []) if (!(key in rows)) gone[key] = null;
      for (const list of document.querySelectorAll(`[data-rows="${section}"]`)) {
        for (const item of own(list)) if (!(item.dataset.key in rows)) gone[item.dataset.key] = null;
      }
      this.change({ [section]: { ...gone, ...rows } });
    }
  }

  #render = () => {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    const places = Map.groupBy(document.querySelectorAll("[data-row]"), (item) => item.dataset.row);
    for (const [section, rows] of waiting) {
      for (const list of document.querySelectorAll(`[data-rows="${section}"]`)) this.#list(list, rows);
      for (const [key, row] of rows) {
        if (row) for (const item of places.get(`${section}/${key}`) ?? []) this.#fill(item, row);
      }
    }
  };

  #list(list, rows) {
    const items = new Map(own(list).map((item) => [item.dataset.key, item]));
    const moved = [];
    const steady = underHand(list);
    for (const [key, row] of rows) {
      const item = items.get(key);
      if (row === null && item) {
        this.#remove(list, item, steady);
      } else if (item) {
        item.inert = false; // it was going, and came back
        const moves = this.#rows.has(item) && this.#rows.get(item).sort !== row.sort;
        if (moves && steady) {
          this.#wait(list.dataset.rows, key, row);
          continue;
        }
        if (moves) moved.push(item);
        if (!this.#offScreen.takes(item, row) || moves) this.#fill(item, row);
      }
    }
    if (!this.#settled.has(list)) moved.push(...this.#settle(list, steady));
    placeAnew(list, moved, this.#rows);
    // only now does each row that the server rendered have an order for the new ones to find their place by
    for (const [key, row] of rows) {
      if (row === null || items.has(key)) continue;
      if (steady) this.#wait(list.dataset.rows, key, row);
      else this.#insert(list, key, row);
    }
  }

  // The rows that stand wrong at first: the server rendered them, and ranks changed before the first snapshot told us of any.
  #settle(list, steady) {
    const wrong = astray(list, this.#rows);
    if (!steady) this.#settled.add(list);
    else for (const item of wrong) this.#wait(list.dataset.rows, item.dataset.key, this.#rows.get(item));
    return steady ? [] : wrong;
  }

  // Under a hand it keeps its place, with nothing to press, until the hand rests or leaves.
  #remove(list, item, steady) {
    item.inert = steady;
    if (steady) return this.#wait(list.dataset.rows, item.dataset.key, null);
    this.#offScreen.forget(item);
    return item.remove();
  }

  #wait(section, key, row) {
    if (!this.#waiting.has(section)) this.#waiting.set(section, new Map());
    this.#waiting.get(section).set(key, row);
    later(this.#render, AGAIN);
  }

  #insert(list, key, row) {
    const item = list.querySelector(":scope > template").content.firstElementChild.cloneNode(true);
    item.dataset.key = key;
    this.#fill(item, row, true);
    place(list, item, this.#rows);
    if (list.dataset.sort === "desc") freshLine(item);
  }

  #fill(item, row, fresh = false) {
    const before = this.#rows.get(item);
    this.#rows.set(item, row);
    const { attributes, cells, bounds, lists } = partsOf(item);
    const changed = (name) => !before || before[name] !== row[name];
    for (const [attribute, name] of attributes) if (changed(name)) item.setAttribute(attribute, row[name] ?? "");
    for (const [cell, name, form] of cells) if (changed(name)) write(cell, row[name], form, fresh);
    for (const [element, attribute, name] of bounds) {
      const text = String(row[name] ?? "");
      if (element.getAttribute(attribute) !== text) element.setAttribute(attribute, text);
    }
    for (const [list, name] of lists) if (changed(name)) this.#nested(list, row[name] ?? []);
  }

  #nested(list, rows) {
    const template = list.querySelector(":scope > template");
    const texts = JSON.stringify(rows);
    if (list.dataset.shown === texts) return;
    list.dataset.shown = texts;
    const items = rows.map((row) => {
      const item = template.content.firstElementChild.cloneNode(true);
      this.#fill(item, row, true);
      return item;
    });
    list.replaceChildren(...items, template);
  }
}
