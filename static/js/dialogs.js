// Links marked data-dialog open the form that they lead to in a dialog of this page. Without JavaScript they lead to its page.
import { beginLink } from "./busy.js";
import { attachOrderForms } from "./orderforms.js";
import { sayNoAnswer } from "./toasts.js";

addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-dialog]");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const end = link.hasAttribute("aria-disabled") ? null : beginLink(link);
  if (end) open(link).finally(end);
});

async function open(link) {
  const response = await fetch(link.href, { headers: { "X-Dialog": "1" } }).catch(() => null);
  if (!response) return sayNoAnswer();
  if (!response.ok || response.redirected) {
    location.assign(link.href); // the page itself says what is the matter
    return;
  }
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.innerHTML = await response.text();
  const heading = dialog.querySelector("h2");
  dialog.setAttribute("aria-label", heading?.textContent ?? link.textContent);
  for (const control of dialog.querySelectorAll("[data-needs-feed]")) control.disabled = document.body.dataset.feed !== "live";
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (link.isConnected) link.focus();
  });
  document.body.append(dialog);
  attachOrderForms(dialog);
  dialog.showModal();
}

attachOrderForms(document);
