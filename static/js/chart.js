// uPlot in the page's colours and figures: axes in Indian grouping and IST, a legend that reads the point beneath the cursor.
import { shown } from "./format.js";

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const inIndia = (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Asia/Kolkata");
const font = `11px ${style("--tblr-font-sans-serif") || "sans-serif"}`;

export function chart(place, { series, scales = {}, axes, height = 240 }, data) {
  const options = () => ({
    width: place.clientWidth,
    height: place.clientHeight || height,
    tzDate: inIndia,
    scales: { x: { time: true }, ...scales },
    cursor: { points: { size: 7 }, y: false },
    legend: { live: true },
    axes: [axis({ space: 70 }), ...axes.map(axis)],
    series: [{ label: "Time", value: (_, seconds) => (seconds == null ? "–" : shown(seconds * 1000, "moment")) }, ...series.map(line)],
  });
  let plot = new uPlot(options(), data, place);
  const redraw = () => {
    const shownData = plot.data;
    plot.destroy();
    plot = new uPlot(options(), shownData, place);
  };
  new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: place.clientHeight || height })).observe(place);
  new MutationObserver(redraw).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
  return { set: (fresh) => plot.setData(fresh), get data() { return plot.data; } };
}

function axis(own) {
  return { stroke: style("--ql-muted"), grid: { stroke: style("--ql-grid"), width: 1 }, ticks: { show: false }, font, ...own };
}

function line({ color, fill, ...own }) {
  return { stroke: style(color), fill: fill ? style(fill) : undefined, width: 1.6, points: { show: false }, spanGaps: true, ...own };
}
