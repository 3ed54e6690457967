// Figures as a person in India reads them: the very same text as dashboard/figures.py writes; a test holds the two together.
const MINUS = "\u2212";
const NONE = "\u2013";
const IST = "Asia/Kolkata";
const numbers = new Map();

function grouped(value, places) {
  if (!numbers.has(places)) {
    numbers.set(places, new Intl.NumberFormat("en-IN", { minimumFractionDigits: places, maximumFractionDigits: places }));
  }
  const text = numbers.get(places).format(Math.abs(value));
  return value < 0 && /[1-9]/.test(text) ? MINUS + text : text;
}

const clockParts = new Intl.DateTimeFormat("en-GB", { timeZone: IST, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const dayParts = new Intl.DateTimeFormat("en-GB", { timeZone: IST, day: "numeric", month: "numeric" });
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const money = (value) => {
  const text = grouped(value, 2);
  return text.startsWith(MINUS) ? `${MINUS}₹${text.slice(1)}` : `₹${text}`;
};
const percent = (value) => `${grouped(value, 2)}%`;
const plus = (value, text) => (sign(value, text) > 0 ? `+${text}` : text);
const clock = (value) => clockParts.format(new Date(value));
const moment = (value) => {
  const parts = Object.fromEntries(dayParts.formatToParts(new Date(value)).map((part) => [part.type, part.value]));
  return `${Number(parts.day)} ${MONTHS[Number(parts.month) - 1]} ${clock(value)}`;
};
const milliseconds = (value) => {
  if (value >= 1000) return `${grouped(value / 1000, 2)} s`;
  return value < 1 ? `${grouped(value * 1000, 0)} µs` : `${grouped(value, 1)} ms`;
};
const words = (value) => {
  const text = String(value).replaceAll("_", " ").trim();
  return text.slice(0, 1).toUpperCase() + text.slice(1).toLowerCase();
};
const span = (seconds) => {
  const whole = Math.max(0, Math.trunc(seconds));
  const [minutes, hours, days] = [60, 3600, 86_400].map((unit) => Math.trunc(whole / unit));
  const two = (number) => String(number).padStart(2, "0");
  if (days) return `${days} d ${hours % 24} h`;
  if (hours) return `${hours} h ${two(minutes % 60)} m`;
  return minutes ? `${minutes} m ${two(whole % 60)} s` : `${whole} s`;
};

const FORMATS = {
  money,
  pnl: (value) => plus(value, money(value)),
  price: (value) => grouped(value, 2),
  quantity: (value) => grouped(value, 0),
  percent,
  change: (value) => plus(value, percent(value)),
  rate: (value) => grouped(value, 1),
  ms: milliseconds,
  clock,
  moment,
  words,
  span,
  text: String,
  note: String, // the only one that stays empty where there is nothing to say
};

export const SIGNED = new Set(["pnl", "change"]);
export const TIMES = new Set(["clock", "moment"]);

// -1, 0 or 1, of what is shown: what rounds to 0.00 has no sign.
export function sign(value, text) {
  return /[1-9]/.test(text) ? Math.sign(value) : 0;
}

export function shown(value, form) {
  if (value === null || value === undefined || value === "") return form === "note" ? "" : NONE;
  return FORMATS[form](value);
}

export function utc(value) {
  return `${new Date(value).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
