// The Overview's charts. Equity: the stored curve, and from then on the live figure; throughput: the live section; the hours are
// drawn by the server. The tiles' curves follow both.
import { live } from "../app.js";
import { chart, rupees } from "../chart.js";
import { later } from "../drawing.js";
import { shown } from "../format.js";
import { drawSpark } from "../spark.js";

const REFETCH = 60_000; // ms: the stored curve is the truth, the live end only a preview
const REDRAW = 1000; // ms: a chart of an hour does not move faster
const MOST = 2000; // points of a curve

const OF_EQUITY = ["equity", "day_pnl", "exposure_percent", "drawdown_percent"];
const OF_MINUTES = ["orders", "signals", "p50_ms"];

const equityPlace = document.querySelector('[data-chart="equity"]');
let curve = JSON.parse(document.getElementById("equity-curve").textContent);
let equityChart = null;

function drawEquity() {
  if (!curve.at.length) return;
  const data = [curve.at, curve.equity];
  if (equityChart) return equityChart.set(data);
  equityPlace.querySelector("[data-chart-empty]")?.remove();
  equityChart = chart(
    equityPlace,
    {
      series: [{ label: "Equity", color: "--ql-line", fill: "--ql-line-fill", value: (_, value) => shown(value, "money") }],
      axes: [{ size: 84, values: rupees }],
    },
    data,
  );
}

async function fetchCurve() {
  if (document.hidden) return;
  try {
    const response = await fetch(equityPlace.dataset.url, { headers: { Accept: "application/json" } });
    if (response.ok && !response.redirected) curve = await response.json();
    drawEquity();
    await fetchHours();
  } catch { /* the feed's own mark says that we are cut off */ }
}

const hoursPlace = document.querySelector("[data-hours]");

async function fetchHours() {
  const response = await fetch(hoursPlace.dataset.hours);
  if (response.ok && !response.redirected) hoursPlace.innerHTML = await response.text(); // our own template's
}

function addPoint() {
  const sum = live.section("summary").all;
  if (!sum?.priced_at) return;
  const at = Math.floor(Date.parse(live.section("status").all?.priced_at ?? sum.priced_at) / 1000);
  const last = curve.at.at(-1) ?? 0;
  if (at < last) return;
  if (at !== last) curve.at.push(at);
  for (const name of OF_EQUITY) {
    curve[name][curve.at.length - 1] = sum[name];
    drawSpark(name, curve[name]);
  }
  if (curve.at.length > MOST) fetchCurve();
  drawEquity();
}

const throughputPlace = document.querySelector('[data-chart="throughput"]');
const rendered = JSON.parse(document.getElementById("throughput-minutes").textContent); // until the socket tells
let throughputChart = null;

function drawThroughput() {
  const told = live.section("throughput");
  const minutes = Object.entries(Object.keys(told).length ? told : rendered).sort(([a], [b]) => (a < b ? -1 : 1));
  if (!minutes.length) return;
  const column = (name) => minutes.map(([, minute]) => minute[name]);
  const data = [minutes.map(([at]) => Date.parse(at) / 1000), column("signals"), column("p50_ms"), column("p99_ms")];
  for (const name of OF_MINUTES) drawSpark(name, column(name));
  if (throughputChart) return throughputChart.set(data);
  const count = (_, value) => shown(value, "quantity");
  throughputChart = chart(
    throughputPlace,
    {
      scales: { ms: { range: (_, low, high) => [0, Math.max(high ?? 0, 1) * 1.1] }, y: { range: (_, low, high) => [0, Math.max(high ?? 0, 4) * 1.1] } },
      series: [
        { label: "Signals", color: "--ql-line", fill: "--ql-line-fill", value: count },
        { label: "p50", color: "--ql-line-2", scale: "ms", value: (_, value) => shown(value, "ms") },
        { label: "p99", color: "--ql-line-3", scale: "ms", dash: [4, 3], value: (_, value) => shown(value, "ms") },
      ],
      axes: [{ size: 44 }, { scale: "ms", side: 1, size: 62, grid: { show: false }, values: (_, values) => values.map((value) => `${value} ms`) }],
    },
    data,
  );
}

function redraw() {
  addPoint();
  drawThroughput();
}
const draw = () => later(redraw, REDRAW);

live.addEventListener("change", ({ detail }) => {
  if ("summary" in detail || "throughput" in detail) draw();
});
live.addEventListener("snapshot", draw);
live.addEventListener("feed", ({ detail }) => detail === "live" && fetchCurve());
document.addEventListener("visibilitychange", fetchCurve);
setInterval(fetchCurve, REFETCH);
drawEquity();
drawThroughput();
