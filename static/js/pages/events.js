// The log's live tail: paused, the page stands still, and says how many events wait: as many as the log has by now.
import { live, page } from "../app.js";
import { shown } from "../format.js";

const SECTION = "events";
const REST = 1000; // ms between two questions how many they are
const MOST = 10_000; // that the server counts
const tail = document.querySelector("[data-tail]");
const button = tail.querySelector("[data-pause]");
const label = tail.querySelector("[data-pause-label]");
const said = tail.querySelector("[data-tail-said]");
const status = tail.querySelector("[data-tail-status]"); // what is read out: not the count, which changes each second
const list = document.querySelector(`[data-rows=${SECTION}]`);
let paused = null; // where the log stood: the number of the oldest event in sight, and how many are from there on
let timer = 0;

const url = (from) => `${tail.dataset.count}&from=${from}`;

function say(waiting, more = "") {
  const events = waiting === 1 ? "event waits" : "events wait";
  said.textContent = waiting > 0 ? `${shown(waiting, "quantity")}${more} ${events}` : "Nothing new yet";
}

// Counted from the oldest one in sight on: an event may get its place in the log after one with a higher number.
async function count() {
  const asked = paused;
  try {
    const response = await fetch(url(asked.from), { headers: { Accept: "application/json" } });
    if (!response.ok || response.redirected || paused !== asked) return;
    const { count: known } = await response.json();
    say(known - asked.known, known >= MOST ? " or more" : "");
  } catch { /* the feed's own mark says that we are cut off */ }
}

function countSoon() {
  if (!paused || timer) return;
  timer = setTimeout(() => {
    timer = 0;
    if (paused) count();
  }, REST);
}

function pause() {
  const numbers = [...list.querySelectorAll(":scope > [data-key]")].map((row) => Number(row.dataset.logId));
  paused = { from: numbers.length ? Math.min(...numbers) : 0, known: numbers.length };
  page.hold(SECTION);
  say(0);
}

function resume() {
  paused = null;
  said.textContent = "";
  page.letGo(SECTION);
}

button.addEventListener("click", () => {
  if (paused) resume();
  else pause();
  button.setAttribute("aria-pressed", String(paused !== null));
  label.textContent = paused ? "Go on" : "Pause";
  status.textContent = paused ? "Paused: the list stands still." : "The list goes on.";
});
live.addEventListener("change", ({ detail }) => SECTION in detail && countSoon());
live.addEventListener("snapshot", countSoon);
tail.hidden = false;
