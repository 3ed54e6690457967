// Where the rows of a list stand: by their `sort`, up or down as the list says. `rows` knows which row each element shows.
export const own = (list) => [...list.children].filter((item) => "key" in item.dataset);

function goesBefore(list, row, other) {
  return list.dataset.sort === "asc" ? row.sort < other.sort : row.sort > other.sort;
}

export function place(list, item, rows) {
  const next = own(list).find((other) => rows.has(other) && goesBefore(list, rows.get(item), rows.get(other)));
  list.insertBefore(item, next ?? list.querySelector(":scope > template"));
}

// All of them are taken away first: none finds its place by another that stands wrong.
export function placeAnew(list, items, rows) {
  for (const item of items) item.remove();
  for (const item of items) place(list, item, rows);
}

// Those that stand below one that they go before.
export function astray(list, rows) {
  const found = [];
  let last = null;
  for (const item of own(list).filter((each) => rows.has(each))) {
    if (last && goesBefore(list, rows.get(item), rows.get(last))) found.push(item);
    else last = item;
  }
  return found;
}
