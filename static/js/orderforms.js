// Order forms: what is wrong stands beside its field, and the ticket says while it is written what the order would meet.
import { attachSymbolSearch } from "./symbols.js";

const PAUSE = 180; // ms without a key until the server is asked

export function attachOrderForms(root) {
  for (const form of root.querySelectorAll("[data-order-form]")) form.addEventListener("answered", (event) => answered(form, event.detail));
  for (const form of root.querySelectorAll("[data-ticket]")) new Ticket(form);
}

function answered(form, { done, errors = {}, confirm = [], seen = "", key, url }) {
  if (done && url && !form.closest("dialog")) location.assign(url);
  if (done) return;
  showErrors(form, errors);
  if (key) form.elements.key.value = key;
  if ("ticket" in form.dataset) showSecondLook(form, confirm, seen);
  const [first] = Object.keys(errors);
  if (first) field(form, first)?.focus();
  else if (confirm.length) form.elements.confirmed.focus();
}

function field(form, name) {
  const found = form.elements[name];
  return found instanceof RadioNodeList ? found[0] : found;
}

function showErrors(form, errors) {
  for (const place of form.querySelectorAll("[data-error-for]")) {
    const text = errors[place.dataset.errorFor] ?? "";
    place.textContent = text;
    field(form, place.dataset.errorFor)?.toggleAttribute("aria-invalid", Boolean(text));
    if (text) field(form, place.dataset.errorFor)?.setAttribute("aria-invalid", "true");
  }
}

// `seen` stands for the form and the reasons: a tick for others is none for these.
function showSecondLook(form, reasons, seen) {
  const place = form.querySelector("[data-second-look]");
  place.hidden = reasons.length === 0;
  place.querySelector("[data-reasons]").replaceChildren(...reasons.map((reason) => {
    const item = document.createElement("li");
    item.textContent = reason;
    return item;
  }));
  if (form.elements.seen.value !== seen) form.elements.confirmed.checked = false;
  form.elements.seen.value = seen;
}

class Ticket {
  #timer = 0;
  #asked = null;
  #touched = new Set(); // fields whose errors may be told: nobody is scolded for what they have not written yet

  constructor(form) {
    this.form = form;
    this.send = form.querySelector("[data-send]");
    this.text = this.send.textContent;
    attachSymbolSearch(form.elements.symbol, form.dataset.symbols, form.querySelector(".suggestions"));
    form.addEventListener("input", (event) => this.#changed(event.target, PAUSE));
    form.addEventListener("change", (event) => {
      if (event.target.value) this.#touched.add(event.target.name);
      this.#changed(event.target, 0);
    });
    form.closest("dialog")?.addEventListener("close", () => this.#stop());
    if (form.elements.symbol.value) {
      this.#ask();
      (form.elements.size_by.value === "rupees" ? form.elements.amount : form.elements.quantity).focus();
    }
  }

  #changed(control, wait) {
    if (control.name === "confirmed") return;
    verdictOf(this.form).dataset.old = "";
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), wait);
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#asked?.abort();
  }

  async #ask() {
    this.#stop();
    this.#asked = new AbortController();
    const query = new URLSearchParams(new FormData(this.form));
    for (const name of ["csrfmiddlewaretoken", "key", "confirmed", "seen"]) query.delete(name);
    try {
      const response = await fetch(`${this.form.dataset.whatIf}?${query}`, { signal: this.#asked.signal });
      if (response.ok && !response.redirected) this.#show(await response.json());
    } catch (error) {
      if (error.name !== "AbortError") verdictOf(this.form).dataset.old = ""; // what stands there is of before
    }
  }

  #show({ html, errors, confirm, seen, label }) {
    const verdict = verdictOf(this.form);
    const open = verdict.querySelector(".rules")?.open;
    verdict.innerHTML = html;
    delete verdict.dataset.old;
    if (open) verdict.querySelector(".rules")?.setAttribute("open", "");
    const told = Object.entries(errors).filter(([name]) => this.#touched.has(name) && field(this.form, name)?.value);
    showErrors(this.form, Object.fromEntries(told));
    showSecondLook(this.form, confirm, seen);
    this.send.textContent = label || this.text;
  }
}

const verdictOf = (form) => form.querySelector("[data-verdict]");
