// One share's chart: stored bars, the one in the making from the live price, own fills, and the levels of what is held.
import { live } from "../app.js";
import { CandleChart } from "../candles.js";
import { soon } from "../drawing.js";
import "../exits.js";

const place = document.querySelector("[data-candles]");
const json = (id) => JSON.parse(document.getElementById(id).textContent);
let chart = null;

// The last bar grows with the price; where the stored one comes in, it takes the place of what was drawn.
function follow() {
  const stored = Object.values(live.section("bars")).sort((a, b) => a.at - b.at);
  const quote = live.section("quote").all;
  if (!chart && (stored.length || quote?.bar)) begin(stored);
  if (!chart) return;
  for (const bar of stored) chart.put(bar);
  if (quote?.bar && quote.last_price !== null) chart.price(quote.bar, quote.last_price);
  chart.mark(Object.values(live.section("fills")));
  chart.level(Object.values(live.section("levels")));
}

function begin(bars) {
  place.replaceChildren();
  chart = new CandleChart(place, bars);
}

async function fetchBars() {
  if (document.hidden || !chart) return;
  try {
    const response = await fetch(place.dataset.url, { headers: { Accept: "application/json" } });
    if (response.ok && !response.redirected) chart.replace((await response.json()).bars);
    draw();
  } catch { /* the feed's own mark says that we are cut off */ }
}

const draw = () => soon(follow);

const rendered = json("chart-bars").bars;
if (rendered.length) {
  begin(rendered);
  chart.mark(Object.values(json("chart-fills")));
  chart.level(Object.values(json("chart-levels")));
}
live.addEventListener("change", draw);
live.addEventListener("snapshot", draw);
live.addEventListener("feed", ({ detail }) => detail === "live" && fetchBars());
document.addEventListener("visibilitychange", fetchBars);
