// The server's time, as it told: a browser's own clock may be hours off. Counts down what the page says is to come.
import { later } from "./drawing.js";
import { shown } from "./format.js";

const told = { at: Date.parse(document.body.dataset.now), heard: performance.now() };

export function serverNow() {
  return told.at + performance.now() - told.heard;
}

export function hearTime(at) {
  told.at = Date.parse(at);
  told.heard = performance.now();
}

function tick() {
  for (const time of document.querySelectorAll("time[data-countdown]")) {
    const text = time.dateTime ? shown((Date.parse(time.dateTime) - serverNow()) / 1000, "span") : "";
    if (time.textContent !== text) time.textContent = text;
  }
}

setInterval(() => later(tick, 0), 1000);
