// The what-if form asks while one types, and shows the answer in its place. Without a script it leads to a page of its own.
const PAUSE = 250; // ms after the last key
const form = document.querySelector("[data-what-if]");
const result = document.querySelector("[data-what-if-result]");
let timer = 0;
let asked = 0;

async function ask() {
  const fields = new FormData(form);
  if (!fields.get("symbol") || !fields.get("quantity")) return;
  const turn = ++asked;
  try {
    const response = await fetch(`${form.getAttribute("action")}?${new URLSearchParams(fields)}`, { headers: { "X-Fragment": "form" } });
    const html = await response.text();
    if (turn === asked && response.ok && !response.redirected) result.innerHTML = html; // of our own server
  } catch { /* the feed's own mark says that we are cut off */ }
}

form?.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(ask, PAUSE);
});
form?.addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
