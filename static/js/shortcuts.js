// Keys: Ctrl or ⌘ K everywhere; single letters only where nobody is writing, and only while they are switched on.
import { recall, remember } from "./memory.js";
import { openPalette } from "./palette.js";

const PATIENCE = 1500; // ms between g and the page's letter
const WRITING = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
const singles = document.querySelector("[data-single-keys]");
let gAt = -PATIENCE;

singles.checked = recall("single-keys") !== "off";
singles.addEventListener("change", () => remember("single-keys", singles.checked ? "on" : "off"));
for (const button of document.querySelectorAll("[data-palette-button], [data-shortcuts-button]")) button.hidden = false;

const SINGLE = {
  "?": () => document.getElementById("shortcuts").showModal(),
  "/": openPalette,
  n: () => document.querySelector("[data-new-order]").click(),
  b: () => document.getElementById("bell")?.togglePopover(),
  l: () => document.querySelector("[data-theme-toggle]").click(),
  g: () => { gAt = performance.now(); },
};

addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openPalette();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || !singles.checked) return;
  if (event.target.closest?.(WRITING) || document.querySelector("dialog[open]")) return;
  const after = performance.now() - gAt < PATIENCE;
  gAt = -PATIENCE;
  const place = after && document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
  const act = place ? () => place.click() : SINGLE[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
