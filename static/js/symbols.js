// A combobox over the instruments, in the place of the plain list that the field has without JavaScript.
const PAUSE = 120; // ms

export function attachSymbolSearch(input, url, list) {
  let timer = 0;
  let active = -1;
  let answered = ""; // the text that the list is about
  let asked = null; // the text whose answer is on its way
  input.removeAttribute("list");
  for (const [name, value] of Object.entries({ role: "combobox", "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list" })) input.setAttribute(name, value);

  const items = () => [...list.children];
  const hide = () => {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const mark = (place) => {
    active = (place + items().length) % items().length;
    for (const [index, item] of items().entries()) item.setAttribute("aria-selected", index === active);
    input.setAttribute("aria-activedescendant", items()[active].id);
    items()[active].scrollIntoView({ block: "nearest" });
  };
  const take = (item) => {
    clearTimeout(timer);
    input.value = item.dataset.symbol;
    hide();
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };

  async function search() {
    const text = input.value.trim();
    const symbols = text ? await found(url, text) : [];
    if (asked === text) asked = null;
    if (document.activeElement !== input || input.value.trim() !== text) return undefined;
    answered = text;
    if (symbols.length === 1 && symbols[0].symbol === text.toUpperCase()) return hide();
    list.replaceChildren(...symbols.map((item, index) => suggestion(item, `${list.id}-${index}`)));
    if (!symbols.length) return hide();
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    return mark(0);
  }

  input.addEventListener("input", () => {
    asked = input.value.trim();
    if (asked !== answered) hide(); // nothing in it is about what stands there now
    clearTimeout(timer);
    timer = setTimeout(search, PAUSE);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && asked === input.value.trim()) event.preventDefault(); // a suggestion is meant, not the form
    if (list.hidden) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") mark(active + (event.key === "ArrowDown" ? 1 : -1));
    else if (event.key === "Enter") take(items()[active]);
    else if (event.key === "Escape") hide();
    else if (event.key === "Tab") return void take(items()[active]);
    else return;
    event.preventDefault();
  });
  input.addEventListener("blur", () => setTimeout(hide, 150)); // after a click into the list
  list.addEventListener("pointerdown", (event) => {
    const item = event.target.closest("li");
    event.preventDefault();
    if (item) take(item);
  });
}

async function found(url, text) {
  const response = await fetch(`${url}?${new URLSearchParams({ q: text })}`).catch(() => null);
  const { symbols } = response?.ok ? await response.json().catch(() => ({})) : {};
  return symbols ?? [];
}

function suggestion({ symbol, name }, id) {
  const item = document.createElement("li");
  item.id = id;
  item.setAttribute("role", "option");
  item.dataset.symbol = symbol;
  const [bold, rest] = [document.createElement("b"), document.createElement("span")];
  bold.textContent = symbol;
  rest.textContent = name;
  item.append(bold, rest);
  return item;
}
