// On paper: the charts drawn in light colours, and the time of printing instead of that of loading.
import { serverNow } from "./clock.js";
import { shown } from "./format.js";

const root = document.documentElement;
let theme = "";

addEventListener("beforeprint", () => {
  theme = root.dataset.bsTheme;
  root.dataset.bsTheme = "light";
  const now = shown(serverNow(), "moment").replace(/(?=\d\d:\d\d:)/, `${new Date(serverNow()).getUTCFullYear()} `);
  for (const time of document.querySelectorAll("[data-printed]")) time.textContent = now;
});
addEventListener("afterprint", () => {
  root.dataset.bsTheme = theme;
});
