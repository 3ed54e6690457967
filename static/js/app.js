// What every page does: watch its topics, say how fresh it is, send its forms without leaving, open its dialogs.
import { shown } from "./format.js";
import { holdsThePage, submitInPlace } from "./forms.js";
import { Live } from "./live.js";
import { Page } from "./table.js";

const body = document.body;
export const page = new Page();
export const live = new Live(body.dataset.live, body.dataset.topics.split(" "));

live.addEventListener("snapshot", (event) => page.replace(event.detail));
live.addEventListener("change", (event) => page.change(event.detail));
live.addEventListener("feed", (event) => showFeed(event.detail));

const FEED_TEXT = {
  connecting: "Connecting…",
  live: "Live",
  reconnecting: "Reconnecting…",
  ended: "Signed out",
};

function showFeed(feed) {
  body.dataset.feed = feed;
  const text = document.querySelector("[data-feed-text]");
  if (text) text.textContent = feed === "stale" ? `STALE · figures of ${lastHeard}` : FEED_TEXT[feed];
  for (const control of document.querySelectorAll("[data-needs-feed]")) {
    control.toggleAttribute("aria-disabled", feed !== "live");
    if ("disabled" in control) control.disabled = feed !== "live";
  }
  if (feed === "ended" && !holdsThePage()) location.reload(); // to the sign-in
}

let lastHeard = "before";
for (const kind of ["snapshot", "change"]) live.addEventListener(kind, () => { lastHeard = `${shown(Date.now(), "clock")} IST`; });

addEventListener("click", (event) => {
  const control = event.target.closest("[data-needs-feed][aria-disabled]");
  if (control) event.preventDefault();
  const opener = event.target.closest("[data-open]");
  if (opener && !control) {
    event.preventDefault();
    const dialog = document.getElementById(opener.dataset.open);
    dialog.showModal();
  }
  const closer = event.target.closest("dialog [data-close]");
  if (closer) {
    event.preventDefault();
    closer.closest("dialog").close();
  }
  if (event.target.matches("dialog")) event.target.close(); // the backdrop
});

addEventListener("submit", submitInPlace);

for (const chooser of document.querySelectorAll("[data-chooser]")) {
  chooser.addEventListener("change", (event) => event.target.matches("select") && chooser.requestSubmit());
}

const toggle = document.querySelector("[data-theme-toggle]");
if (toggle) {
  toggle.hidden = false;
  toggle.addEventListener("click", () => {
    const root = document.documentElement;
    root.dataset.bsTheme = root.dataset.bsTheme === "dark" ? "light" : "dark";
    try { localStorage.setItem("quantumleap-theme", root.dataset.bsTheme); } catch { /* it holds for this page only */ }
    dispatchEvent(new Event("themechange"));
  });
}
