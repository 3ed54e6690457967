// The command palette: the pages and actions that the server wrote into it, and what the server finds for a few letters.
import { ask } from "./dialogs.js";

const WAIT = 120; // ms after the last letter
const FEWEST = 2; // letters that the server looks for

const dialog = document.getElementById("palette");
const input = dialog.querySelector("[role=combobox]");
const list = dialog.querySelector("[role=listbox]");
const status = dialog.querySelector("[data-palette-status]");
const template = list.querySelector("template");
const own = [...list.querySelectorAll("[role=group]")];
let timer = 0;
let asked = null;

export function openPalette() {
  if (document.querySelector("dialog[open]")) return;
  dialog.showModal();
}

const options = () => [...list.querySelectorAll("[role=option]:not([hidden])")];

function choose(option) {
  for (const other of list.querySelectorAll("[aria-selected=true]")) other.setAttribute("aria-selected", "false");
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({ block: "nearest" });
  if (option) input.setAttribute("aria-activedescendant", option.id);
  else input.removeAttribute("aria-activedescendant");
}

const chosen = () => list.querySelector("[aria-selected=true]:not([hidden])");

// Each word that was typed begins one of the option's.
function matches(option, words) {
  const has = option.querySelector("span").textContent.toLowerCase().split(/\W+/);
  return words.every((word) => has.some((one) => one.startsWith(word)));
}

function filter() {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const group of own) {
    for (const option of group.querySelectorAll("[role=option]")) option.hidden = !matches(option, words);
    group.hidden = !group.querySelector("[role=option]:not([hidden])");
  }
}

function show(results) {
  for (const group of list.querySelectorAll("[data-found]")) group.remove();
  const kinds = Map.groupBy(results, (result) => result.kind);
  for (const [kind, found] of kinds) {
    const group = document.createElement("div");
    group.dataset.found = "";
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", kind);
    const title = document.createElement("span");
    title.className = "palette-kind";
    title.setAttribute("aria-hidden", "true");
    title.textContent = kind;
    group.append(title, ...found.map(optionOf));
    list.insertBefore(group, template);
  }
}

function optionOf({ kind, label, note, url }, number) {
  const option = template.content.firstElementChild.cloneNode(true);
  option.id = `palette-${kind.toLowerCase()}-${number}`;
  option.dataset.href = url;
  option.querySelector("span").textContent = label;
  option.querySelector("small").textContent = note;
  return option;
}

async function search() {
  asked?.abort();
  const text = input.value.trim();
  if (text.length < FEWEST) return settle([], "");
  asked = new AbortController();
  const url = new URL(dialog.dataset.search, location.href);
  url.searchParams.set("q", text);
  try {
    const response = await fetch(url, { headers: { Accept: "application/json" }, signal: asked.signal });
    if (!response.ok || response.redirected) throw new Error(`answered ${response.status}`);
    settle((await response.json()).results, "");
  } catch (error) {
    if (error.name !== "AbortError") settle([], "The server did not answer: only pages and actions are searched.");
  }
}

function settle(results, said) {
  show(results);
  const count = options().length;
  status.textContent = said || (count ? `${count} found` : "Nothing found. Try a symbol, or the first letters of an order’s id.");
  if (!chosen()) choose(options()[0]);
}

function go(option) {
  if (!option) return;
  const { href, opens, clicks, does, asks } = option.dataset;
  dialog.close();
  const target = opens && document.getElementById(opens);
  if (target) target.showModal();
  else if (clicks) document.querySelector(clicks)?.click();
  else if (does === "print") print();
  else if (asks !== undefined) ask(href);
  else if (href) location.assign(href);
}

input.addEventListener("input", () => {
  filter();
  choose(options()[0]);
  clearTimeout(timer);
  timer = setTimeout(search, WAIT);
});

input.addEventListener("keydown", (event) => {
  const shown = options();
  const at = shown.indexOf(chosen());
  const next = { ArrowDown: (at + 1) % shown.length, ArrowUp: (at - 1 + shown.length) % shown.length, PageDown: shown.length - 1, PageUp: 0 }[event.key];
  if (next !== undefined) choose(shown[next]);
  else if (event.key === "Enter") go(chosen());
  else return;
  event.preventDefault();
});

list.addEventListener("pointermove", (event) => {
  const option = event.target.closest("[role=option]");
  if (option && option !== chosen()) choose(option);
});
list.addEventListener("click", (event) => go(event.target.closest("[role=option]")));
dialog.addEventListener("toggle", () => {
  if (!dialog.open) return;
  input.value = "";
  filter();
  settle([], "");
  choose(options()[0]);
});
