// A tile's small curve: the very same path as dashboard/sparks.py writes.
const WIDTH = 100;
const HEIGHT = 24;
const POINTS = 60;

export function sparkPath(values) {
  const known = values.filter((value) => value !== null && value !== undefined).slice(-POINTS);
  if (known.length < 2) return "";
  const low = Math.min(...known);
  const span = Math.max(...known) - low;
  const step = WIDTH / (known.length - 1);
  const scale = span ? (HEIGHT - 3) / span : 0;
  const ground = span ? HEIGHT - 1.5 : HEIGHT / 2; // a level one stands in the middle
  return `M${known.map((value, number) => `${(number * step).toFixed(1)},${(ground - (value - low) * scale).toFixed(1)}`).join(" L")}`;
}

export function drawSpark(name, values) {
  const line = document.querySelector(`[data-spark="${name}"]`);
  const path = sparkPath(values);
  if (line && line.getAttribute("d") !== path) line.setAttribute("d", path);
}
