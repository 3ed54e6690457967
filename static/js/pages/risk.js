// Risk: the drawdown curve and the what-if. The figures are table.js's.
import { live } from "../app.js";
import { chart } from "../chart.js";
import { shown } from "../format.js";
import "../what_if.js";

const REFETCH = 20_000; // ms: the stored curve has a point every ten seconds
const place = document.querySelector('[data-chart="drawdown"]');
let curve = { at: [], drawdown: [] };
let drawn = null;

function draw() {
  if (!curve.at.length) return;
  const data = [curve.at, curve.drawdown];
  if (drawn) return drawn.set(data);
  place.querySelector("[data-chart-empty]")?.remove();
  drawn = chart(
    place,
    {
      scales: { y: { range: (_, low) => [Math.min(low ?? 0, -0.1) * 1.1, 0] } },
      series: [{ label: "Below the highest", color: "--ql-line-3", fill: "--ql-loss-soft", spanGaps: false, value: (_, value) => shown(value, "percent") }],
      axes: [{ size: 60, values: (_, values) => values.map((value) => shown(value, "percent")) }],
    },
    data,
  );
}

async function fetchCurve() {
  if (document.hidden) return;
  try {
    const response = await fetch(place.dataset.url, { headers: { Accept: "application/json" } });
    if (response.ok && !response.redirected) curve = await response.json();
    draw();
  } catch { /* the feed's own mark says that we are cut off */ }
}

live.addEventListener("feed", ({ detail }) => detail === "live" && fetchCurve());
document.addEventListener("visibilitychange", fetchCurve);
setInterval(fetchCurve, REFETCH);
fetchCurve();
