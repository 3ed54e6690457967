// Where a figure comes from stands in its title; how old it is, is added when somebody looks.
import { serverNow } from "./clock.js";
import { shown } from "./format.js";

export function tellAges(vouchedAt) {
  addEventListener("pointerover", (event) => {
    const figure = event.target.closest?.("[data-source]");
    if (figure) figure.title = [`${figure.dataset.source}.`, priced(figure.dataset.pricedAt), vouched(vouchedAt())].filter(Boolean).join(" ");
  });
}

const age = (at) => shown((serverNow() - at) / 1000, "span");

function priced(at) {
  return at && `Prices of ${shown(at, "moment")} IST, ${age(Date.parse(at))} old.`;
}

function vouched(at) {
  return at ? `The server confirmed it ${age(at)} ago.` : "Not confirmed by the server since the page was opened.";
}
