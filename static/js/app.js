// What every page does: watch its topics, say how fresh it is, send its forms without leaving, open its dialogs.
import { tellAges } from "./ages.js";
import { announce, showAlerts } from "./bell.js";
import { hearTime, serverNow } from "./clock.js";
import "./dialogs.js";
import { shown } from "./format.js";
import { holdsThePage, submitInPlace } from "./forms.js";
import "./frame.js";
import { Live } from "./live.js";
import "./print.js";
import "./scrolling.js";
import "./shortcuts.js";
import { Page } from "./table.js";
import { toast } from "./toasts.js";
import "./tour.js";

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
  if (text) text.textContent = feed === "stale" ? `STALE · figures of ${vouchedAt ? `${shown(vouchedAt, "clock")} IST` : "before"}` : FEED_TEXT[feed];
  for (const control of document.querySelectorAll("[data-needs-feed]")) {
    if (feed === "live") control.removeAttribute("aria-disabled");
    else control.setAttribute("aria-disabled", "true"); // empty it would count as false
    if ("disabled" in control) control.disabled = feed !== "live";
  }
  if (feed === "ended" && !holdsThePage()) location.reload(); // to the sign-in
}

let vouchedAt = 0; // when the server last said that all we show is right, by its clock
live.addEventListener("beat", (event) => hearTime(event.detail));
live.addEventListener("vouched", () => { vouchedAt = serverNow(); });
tellAges(() => vouchedAt);

for (const kind of ["snapshot", "change"]) {
  live.addEventListener(kind, ({ detail: { status, bell } }) => {
    if (status?.all) showAlerts(status.all);
    if (bell) announce(bell);
  });
}

addEventListener("click", (event) => {
  const control = event.target.closest("[data-needs-feed][aria-disabled=true]");
  if (control) {
    event.preventDefault();
    toast("Nothing was done: the server is not heard. Try again when this page is live.", { done: false });
  }
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
