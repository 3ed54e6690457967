// uPlot in the page's colours and figures: axes in Indian grouping and IST, a legend that reads the point beneath the cursor.
import { shown } from "./format.js";

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const inIndia = (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Asia/Kolkata");
const font = `11px ${style("--tblr-font-sans-serif") || "sans-serif"}`;

const LEGEND = 30; // px beneath the plot
const DAY = 86_400; // s
const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500]; // of points that are counted: no tick between two

// 14:05; 3 Nov where the ticks are days apart and where a day begins, 14:05:30 where they are seconds.
const times = (_, splits) => {
  const step = splits.length > 1 ? splits[1] - splits[0] : DAY;
  const text = (seconds, form) => shown(seconds * 1000, form);
  const day = (seconds) => text(seconds, "moment").slice(0, -9);
  if (step >= DAY) return splits.map(day);
  const clocks = splits.map((seconds) => text(seconds, "clock").slice(0, step < 60 ? 8 : 5));
  return clocks.map((clock, place) => (clock === "00:00" ? day(splits[place]) : clock));
};

// Whole rupees, for an axis of money.
export const rupees = (_, values) => values.map((value) => shown(value, "money").slice(0, -3));

// `names` are those of the points, where they stand beside each other and not in time: then the data counts them from 0.
export function chart(place, { series, scales = {}, axes, height = 240, names }, data) {
  const across = names
    ? { scale: { time: false, range: [-0.5, names.length - 0.5] }, axis: { incrs: WHOLE, values: (_, splits) => splits.map((n) => names[n] ?? "") } }
    : { scale: { time: true }, axis: { values: times } };
  const name = (_, x) => (x == null ? "–" : (names?.[x] ?? shown(x * 1000, "moment")));
  const options = () => ({
    width: place.clientWidth,
    height: (place.clientHeight || height) - LEGEND,
    tzDate: inIndia,
    scales: { x: across.scale, ...scales },
    cursor: { points: { size: 7 }, y: false },
    legend: { live: true },
    axes: [axis({ space: 60, size: 26, ...across.axis }), ...axes.map(axis)],
    series: [{ label: "Time", value: name }, ...series.map(line)],
  });
  let plot = new uPlot(options(), data, place);
  const redraw = () => {
    const shownData = plot.data;
    plot.destroy();
    plot = new uPlot(options(), shownData, place);
    setTimeout(read);
  };
  new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: (place.clientHeight || height) - LEGEND })).observe(place);
  new MutationObserver(redraw).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
  const read = () => plot.cursor.left >= 0 || plot.setLegend({ idx: plot.data[0].length - 1 }); // the latest, until one points
  setTimeout(read); // once it is drawn
  return {
    set: (fresh) => {
      plot.setData(fresh);
      read();
    },
  };
}

function axis(own) {
  return { stroke: style("--ql-muted"), grid: { stroke: style("--ql-grid"), width: 1 }, ticks: { show: false }, font, ...own };
}

function line({ color, fill, ...own }) {
  return { stroke: style(color), fill: fill ? style(fill) : undefined, width: 1.6, points: { show: false }, spanGaps: true, ...own };
}
