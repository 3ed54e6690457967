// Rows that are out of sight are written when they come near, all before printing, and else in turn: each within 7 s. So a table
// of 200 rows costs hardly more than the screenful that is looked at.
import { later } from "./drawing.js";

const MARGIN = "200px"; // around the screen
const TURN = 250; // ms
const EACH_TURN = 8; // rows: 200 of them within 7 s

export class OffScreen {
  #waiting = new Map(); // item -> the row that it does not show yet; the longest waiting first
  #near = new WeakSet();
  #watched = new WeakSet();
  #fill;
  #observer = new IntersectionObserver((entries) => this.#moved(entries), { rootMargin: MARGIN });

  constructor(fill) {
    this.#fill = fill;
    addEventListener("beforeprint", () => this.#write([...this.#waiting.keys()]));
  }

  // Whether the row can wait; then it is written later.
  takes(item, row) {
    if (!this.#watched.has(item)) {
      this.#watched.add(item);
      this.#observer.observe(item);
      this.#near.add(item); // until we hear otherwise
    }
    if (this.#near.has(item)) {
      this.#waiting.delete(item);
      return false;
    }
    this.#waiting.set(item, row);
    later(this.#turn, TURN);
    return true;
  }

  #turn = () => {
    this.#write([...this.#waiting.keys()].slice(0, EACH_TURN));
    if (this.#waiting.size) later(this.#turn, TURN);
  };

  forget(item) {
    this.#waiting.delete(item);
    this.#observer.unobserve(item);
  }

  #moved(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.#near.add(target);
      else this.#near.delete(target);
    }
    this.#write(entries.filter((entry) => entry.isIntersecting).map((entry) => entry.target));
  }

  #write(items) {
    for (const item of items) {
      const row = this.#waiting.get(item);
      if (row) this.#fill(item, row);
      this.#waiting.delete(item);
    }
  }
}
