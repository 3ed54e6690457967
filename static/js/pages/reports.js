// The report's chart: net P&L of each day or hour as bars, what was earned in all as a line; and its print button.
import { chart, rupees } from "../chart.js";
import { shown } from "../format.js";

const place = document.querySelector('[data-chart="report"]');
const { at, net, earned } = JSON.parse(document.getElementById("report-chart").textContent);

if (at.length) {
  const bars = uPlot.paths.bars({ size: [0.6, 46] });
  const gain = (_, value) => (value == null ? "–" : shown(value, "pnl"));
  const bar = (label, color) => ({ label, color, fill: color, paths: bars, points: { show: false }, value: gain });
  const name = (seconds) => {
    const [day, month, clock] = shown(seconds * 1000, "moment").split(" ");
    return "byHour" in place.dataset ? clock.slice(0, 5) : `${day} ${month}`;
  };
  const around = (_, low, high) => [Math.min(0, low) * 1.1 - 1, Math.max(0, high) * 1.1 + 1];
  chart(
    place,
    {
      names: at.map(name), // days and hours without a fill take no room
      scales: { y: { range: around } },
      series: [
        bar("Gain", "--ql-gain"),
        bar("Loss", "--ql-loss"),
        { label: "Earned in all", color: "--ql-line", width: 2, points: { show: at.length < 60 }, value: gain },
      ],
      axes: [{ size: 92, values: rupees }],
    },
    [at.map((_, n) => n), net.map((value) => (value >= 0 ? value : null)), net.map((value) => (value < 0 ? value : null)), earned],
  );
}

const print = document.querySelector("[data-print]");
print.hidden = false;
print.addEventListener("click", () => window.print());
