// What this browser remembers for its user. Where storage is off, it holds for this page only.
const forgotten = new Map();

export function recall(name) {
  try {
    return localStorage.getItem(`quantumleap-${name}`);
  } catch {
    return forgotten.get(name) ?? null;
  }
}

export function remember(name, value) {
  forgotten.set(name, value);
  try {
    localStorage.setItem(`quantumleap-${name}`, value);
  } catch { /* said above */ }
}
