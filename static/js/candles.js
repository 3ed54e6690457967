// Lightweight Charts in the page's colours and figures. Its logo brings a style sheet that our policy forbids: it is off, and
// the page names the library in words.
import {
  CandlestickSeries, HistogramSeries, createChart, createSeriesMarkers,
} from "../vendor/lightweight-charts/lightweight-charts.standalone.production.mjs";
import { shown } from "./format.js";

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const candle = ({ at, open, high, low, close }) => ({ time: at, open, high, low, close });
const same = (a, b) => a && ["open", "high", "low", "close", "volume"].every((name) => a[name] === b[name]);
const LEVELS = { stop: "--ql-loss", target: "--ql-gain", average: "--ql-muted" };
const DASHED = 2;
const FEW = 100; // bars, which then fill the width

export class CandleChart {
  #bars = []; // oldest first
  #levels = new Map(); // id -> {kind, line}
  #fills = [];
  #marked = "";

  constructor(place, bars) {
    this.chart = createChart(place, { autoSize: true, ...look() });
    this.candles = this.chart.addSeries(CandlestickSeries, candleLook());
    this.volumes = this.chart.addSeries(HistogramSeries, { priceScaleId: "", priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false });
    this.volumes.priceScale().applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
    this.markers = createSeriesMarkers(this.candles, []);
    this.readout = place.appendChild(Object.assign(document.createElement("p"), { className: "readout" }));
    this.chart.subscribeCrosshairMove(({ time }) => this.#read(time));
    new MutationObserver(() => this.#recolour()).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
    this.replace(bars);
    if (bars.length < FEW) this.chart.timeScale().fitContent();
  }

  replace(bars) {
    const newer = this.#bars.filter((bar) => bar.at > (bars.at(-1)?.at ?? 0)); // in the making meanwhile
    this.#bars = [...bars, ...newer];
    this.candles.setData(this.#bars.map(candle));
    this.volumes.setData(this.#bars.map((bar) => this.#volume(bar)));
    this.#read();
  }

  // A bar as it is stored.
  put(bar) {
    const place = this.#bars.findLastIndex((known) => known.at <= bar.at);
    const known = this.#bars[place]?.at === bar.at;
    if (known && same(this.#bars[place], bar)) return;
    this.#bars.splice(known ? place : place + 1, known ? 1 : 0, bar);
    const isOld = bar.at < this.#bars.at(-1).at;
    if (isOld && !known) return this.replace(this.#bars);
    this.candles.update(candle(bar), isOld);
    this.volumes.update(this.#volume(bar), isOld);
    this.#read();
  }

  // A price in the bar that begins at `at`: it opens the bar, or makes it longer.
  price(at, price) {
    const last = this.#bars.at(-1);
    if (last && at < last.at) return;
    const bar = last?.at === at ? last : { at, open: price, high: price, low: price, close: price, volume: 0 };
    this.put({ ...bar, high: Math.max(bar.high, price), low: Math.min(bar.low, price), close: price });
  }

  mark(fills) {
    const first = this.#bars[0]?.at ?? 0;
    this.#fills = fills.filter((fill) => fill.at >= first).sort((a, b) => a.at - b.at);
    const key = JSON.stringify(this.#fills);
    if (key === this.#marked) return;
    this.#marked = key;
    this.#drawMarks();
  }

  level(levels) {
    const wanted = new Map(levels.map((level) => [level.id, level]));
    for (const [id, { line }] of this.#levels) {
      if (wanted.has(id)) continue;
      this.candles.removePriceLine(line);
      this.#levels.delete(id);
    }
    for (const [id, { kind, price, title }] of wanted) {
      const options = { price, title, color: style(LEVELS[kind]), lineStyle: DASHED, lineWidth: 1 };
      const known = this.#levels.get(id);
      if (known) known.line.applyOptions(options);
      else this.#levels.set(id, { kind, line: this.candles.createPriceLine(options) });
    }
  }

  #drawMarks() {
    this.markers.setMarkers(this.#fills.map(({ at, side }) => ({
      time: at,
      position: side === "BUY" ? "belowBar" : "aboveBar",
      shape: side === "BUY" ? "arrowUp" : "arrowDown",
      color: style(side === "BUY" ? "--ql-line" : "--ql-line-3"),
    })));
  }

  #volume(bar) {
    return { time: bar.at, value: bar.volume, color: style(bar.close >= bar.open ? "--ql-gain-soft" : "--ql-loss-soft") };
  }

  // The bar beneath the cursor in figures, and what was filled in it; the latest, until one points.
  #read(time) {
    const bar = this.#bars.findLast((known) => time === undefined || known.at === time);
    if (!bar) return;
    const prices = ["open", "high", "low", "close"].map((name) => `${name[0].toUpperCase()} ${shown(bar[name], "price")}`);
    const fills = this.#fills.filter((fill) => fill.at === bar.at).map((fill) => fill.text);
    this.readout.textContent = [shown(bar.at * 1000, "moment"), ...prices, `Vol ${shown(bar.volume, "quantity")}`, ...fills.slice(0, 3)].join("  ");
  }

  #recolour() {
    this.chart.applyOptions(look());
    this.candles.applyOptions(candleLook());
    this.volumes.setData(this.#bars.map((bar) => this.#volume(bar)));
    for (const { kind, line } of this.#levels.values()) line.applyOptions({ color: style(LEVELS[kind]) });
    this.#drawMarks();
  }
}

function look() {
  const grid = { color: style("--ql-grid") };
  const india = (seconds) => shown(seconds * 1000, "moment");
  return {
    layout: { background: { color: style("--ql-surface") }, textColor: style("--ql-muted"), fontSize: 11, fontFamily: style("--tblr-font-sans-serif"), attributionLogo: false },
    grid: { vertLines: grid, horzLines: grid },
    rightPriceScale: { borderColor: style("--ql-border"), scaleMargins: { top: 0.1, bottom: 0.2 } },
    timeScale: { borderColor: style("--ql-border"), timeVisible: true, secondsVisible: true, rightOffset: 4, tickMarkFormatter: tick },
    localization: { timeFormatter: india, priceFormatter: (price) => shown(price, "price") },
    handleScroll: { mouseWheel: false, vertTouchDrag: false }, // the page scrolls on
    handleScale: { mouseWheel: false },
  };
}

// Days where the marks are days or more apart (0 to 2), else the time of day.
const tick = (seconds, kind) => (kind <= 2 ? shown(seconds * 1000, "moment").slice(0, -9) : shown(seconds * 1000, "clock").slice(0, kind === 3 ? 5 : 8));

function candleLook() {
  const [up, down] = [style("--ql-gain"), style("--ql-loss")];
  return { upColor: up, borderUpColor: up, wickUpColor: up, downColor: down, borderDownColor: down, wickDownColor: down };
}
