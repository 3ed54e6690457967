// Alerts in the tab: the count and a halt in the title, a dot on the icon; a sound and a notification for who wants them.
import { recall, remember } from "./memory.js";

const LOUD = new Set(["WARNING", "ERROR", "CRITICAL"]);
const COLOURS = { CRITICAL: "#e5484d", ERROR: "#e5484d", WARNING: "#f3a83c", INFO: "#5ee0c0" };
const REMEMBERED = 50; // alerts that some tab has announced
const list = document.querySelector("[data-rows=bell]");
const settings = document.querySelector("[data-bell-settings]");
const note = document.querySelector("[data-bell-note]");
const icon = document.querySelector("link[rel=icon]");
const title = document.title;
const plainIcon = icon.href;
const known = new Set([...(list?.querySelectorAll(":scope > [data-key]") ?? [])].map((item) => item.dataset.key));
let sounds = null;

export function showAlerts({ open_alerts: open, worst_level: worst, trading_state: state }) {
  document.title = `${state === "ACTIVE" ? "" : `${state} · `}${open ? `(${open}) ` : ""}${title}`;
  icon.href = open ? dotted(COLOURS[worst] ?? COLOURS.INFO) : plainIcon;
}

function dotted(colour) {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#2b4acb"/><path d="M6 22l6-7 5 4 9-11" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"/><circle cx="23" cy="23" r="8" fill="${colour}" stroke="#fff" stroke-width="2"/></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

// Each alert once, in whichever tab hears of it first.
export function announce(rows) {
  const fresh = Object.entries(rows).filter(([key, row]) => row && !known.has(key));
  for (const [key] of fresh) known.add(key);
  const told = JSON.parse(recall("announced") ?? "[]");
  const untold = fresh.filter(([key]) => !told.includes(key));
  if (!untold.length) return;
  remember("announced", JSON.stringify([...told, ...untold.map(([key]) => key)].slice(-REMEMBERED)));
  if (wants("sound") && untold.some(([, row]) => LOUD.has(row.level))) beep();
  if (!wants("notify") || Notification.permission !== "granted") return;
  for (const [key, row] of untold) if (row.level === "CRITICAL") notify(key, row);
}

function notify(key, row) {
  const shown = new Notification(`CRITICAL · ${row.title}`, { body: `${row.whose} · QuantumLeap`, tag: key, icon: plainIcon });
  shown.onclick = () => {
    focus();
    location.assign(list.dataset.alerts);
  };
}

// Two short tones; browsers let a page sound only after a key or a click on it.
function beep() {
  sounds ??= new AudioContext();
  if (sounds.state !== "running") return sounds.resume().then(tones, () => {});
  return tones();
}

function tones() {
  for (const [number, pitch] of [660, 880].entries()) {
    const from = sounds.currentTime + number * 0.16;
    const volume = new GainNode(sounds, { gain: 0 });
    volume.gain.setTargetAtTime(0.12, from, 0.01);
    volume.gain.setTargetAtTime(0, from + 0.1, 0.03);
    const tone = new OscillatorNode(sounds, { frequency: pitch });
    tone.connect(volume).connect(sounds.destination);
    tone.start(from);
    tone.stop(from + 0.3);
  }
}

const wants = (what) => recall(what) === "on";

async function change({ target }) {
  const what = target.dataset.bell;
  note.textContent = "";
  if (what === "notify" && target.checked && !(await allowed())) target.checked = false;
  remember(what, target.checked ? "on" : "off");
  if (what === "sound" && target.checked) beep();
}

async function allowed() {
  if (!("Notification" in window)) note.textContent = "This browser shows no notifications.";
  else if ((await Notification.requestPermission()) !== "granted") note.textContent = "The browser does not allow it: change that in its settings for this site.";
  else return true;
  return false;
}

if (settings) {
  settings.hidden = false;
  for (const box of settings.querySelectorAll("[data-bell]")) box.checked = wants(box.dataset.bell);
  settings.addEventListener("change", change);
}
