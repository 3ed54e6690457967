// Links marked data-dialog lead to a page with a form, which may ask before something is done. Here that form opens in a dialog.
import { begin, beginLink } from "./busy.js";
import { attachOrderForms } from "./orderforms.js";
import { sayNoAnswer } from "./toasts.js";

const HEADERS = { "X-Fragment": "form" };

addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-dialog]");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const end = link.matches("[aria-disabled=true]") ? null : beginLink(link);
  if (end) ask(link.href, link).finally(end);
});

// Forms marked data-ask only say what to ask about: their fields go into the address of the question.
addEventListener("submit", (event) => {
  const form = event.target;
  if (!("ask" in form.dataset)) return;
  event.preventDefault();
  const fields = new URLSearchParams(new FormData(form, event.submitter));
  ask(`${form.getAttribute("action")}?${fields}`, event.submitter).finally(begin(form, event.submitter ?? undefined));
});

// Opens the form of that address; when it closes, the focus goes back to the opener.
export async function ask(address, opener = null) {
  const response = await fetch(address, { headers: HEADERS }).catch(() => null);
  if (!response) return sayNoAnswer();
  if (!response.headers.has("X-Fragment")) {
    location.assign(address); // the page itself says what is the matter
    return;
  }
  open(await response.text(), opener);
}

function open(html, opener) {
  const former = opener?.closest("dialog[data-asked]");
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.dataset.asked = "";
  dialog.innerHTML = html; // of our own server
  dialog.classList.toggle("danger", dialog.querySelector("[data-danger=true]") !== null);
  dialog.setAttribute("aria-label", dialog.querySelector("h2")?.textContent ?? "Confirm");
  for (const control of dialog.querySelectorAll("[data-needs-feed]")) control.disabled = document.body.dataset.feed !== "live";
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (opener?.isConnected) opener.focus();
  });
  former?.close();
  document.body.append(dialog);
  attachOrderForms(dialog);
  dialog.showModal();
}

attachOrderForms(document); // the form may be the page itself
