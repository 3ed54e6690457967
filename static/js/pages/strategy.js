// One strategy: what it earned, trade by trade; fetched anew when it has closed another position.
import { live } from "../app.js";
import { chart } from "../chart.js";
import { shown } from "../format.js";

const place = document.querySelector('[data-chart="strategy-pnl"]');
let curve = { at: [], pnl: [] };
let drawn = null;
let trades = null;

function draw() {
  if (!curve.at.length) return;
  const data = [curve.at, curve.pnl];
  if (drawn) return drawn.set(data);
  place.querySelector("[data-chart-empty]")?.remove();
  drawn = chart(
    place,
    {
      series: [{ label: "Net P&L", color: "--ql-line", fill: "--ql-line-fill", value: (_, value) => shown(value, "pnl") }],
      axes: [{ size: 74, values: (_, values) => values.map((value) => shown(value, "money").replace(/\.00$/, "")) }],
    },
    data,
  );
}

async function fetchCurve() {
  try {
    const response = await fetch(place.dataset.url, { headers: { Accept: "application/json" } });
    if (response.ok && !response.redirected) curve = await response.json();
    draw();
  } catch { /* the feed's own mark says that we are cut off */ }
}

function look() {
  const now = live.section("performance").all?.total_trades;
  if (now === undefined || document.hidden) return;
  if (trades !== null && now !== trades) fetchCurve();
  trades = now;
}

live.addEventListener("change", look);
live.addEventListener("snapshot", look);
document.addEventListener("visibilitychange", look);
fetchCurve();
