// The report's chart: net P&L of each day or hour as bars, what was earned in all as a line; and its print button.
import { chart, rupees } from "../chart.js";
import { shown } from "../format.js";

const HOUR = 3600; // s
const DAY = 24 * HOUR;
const place = document.querySelector('[data-chart="report"]');
const { at, net, earned } = JSON.parse(document.getElementById("report-chart").textContent);

if (at.length) {
  const bars = uPlot.paths.bars({ size: [0.6, 46] });
  const gain = (_, value) => (value == null ? "–" : shown(value, "pnl"));
  const bar = (label, color) => ({ label, color, fill: color, paths: bars, points: { show: false }, value: gain });
  // a bar is as wide as the time between two: room for one on either side, without a value
  const alone = "byHour" in place.dataset ? HOUR : DAY;
  const gap = at.length > 1 ? Math.min(...at.slice(1).map((seconds, n) => seconds - at[n])) : alone;
  const padded = (column) => [null, ...column, null];
  const around = (_, low, high) => [Math.min(0, low) * 1.1 - 1, Math.max(0, high) * 1.1 + 1];
  chart(
    place,
    {
      scales: { y: { range: around } },
      series: [
        bar("Gain", "--ql-gain"),
        bar("Loss", "--ql-loss"),
        { label: "Earned in all", color: "--ql-line", width: 2, points: { show: at.length < 60 }, value: gain },
      ],
      axes: [{ size: 92, values: rupees }],
    },
    [
      [at[0] - gap, ...at, at.at(-1) + gap],
      padded(net.map((value) => (value >= 0 ? value : null))),
      padded(net.map((value) => (value < 0 ? value : null))),
      [null, ...earned, earned.at(-1)],
    ],
  );
}

const print = document.querySelector("[data-print]");
print.hidden = false;
print.addEventListener("click", () => window.print());
