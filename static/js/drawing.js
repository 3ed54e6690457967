// One frame for all that changes. A frame looks at the whole page, so what may wait a little comes along with the next one; only
// when none comes, it asks for one itself. No frame comes while the tab is hidden.
const SLACK = 250; // ms
const waiting = new Map(); // draw -> {from, timer}
let asked = 0;

// With the next frame.
export function soon(draw) {
  clearTimeout(waiting.get(draw)?.timer);
  waiting.set(draw, { from: 0 });
  ask();
}

// With the first frame from `after` ms on, and at most SLACK later.
export function later(draw, after) {
  if (!waiting.has(draw)) waiting.set(draw, { from: performance.now() + after, timer: setTimeout(ask, after + SLACK) });
}

function ask() {
  asked ||= requestAnimationFrame(run);
}

function run() {
  asked = 0;
  const now = performance.now();
  for (const [draw, { from, timer }] of [...waiting]) {
    if (from > now) continue;
    clearTimeout(timer);
    waiting.delete(draw);
    draw();
  }
}
