// Links marked data-confirm lead to a page that asks before something is done. Here the same form opens in a dialog instead.
import { begin, beginLink } from "./busy.js";
import { sayNoAnswer } from "./toasts.js";

const HEADERS = { "X-Fragment": "form" };

addEventListener("click", (event) => {
  const link = event.target.closest("a[data-confirm]");
  if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const end = link.hasAttribute("aria-disabled") ? null : beginLink(link);
  if (end) ask(link.href).finally(end);
});

// Forms marked data-ask only say what to ask about: their fields go into the address of the question.
addEventListener("submit", (event) => {
  const form = event.target;
  if (!("ask" in form.dataset)) return;
  event.preventDefault();
  const fields = new URLSearchParams(new FormData(form, event.submitter));
  ask(`${form.getAttribute("action")}?${fields}`).finally(begin(form, event.submitter ?? undefined));
});

export async function ask(address) {
  const response = await fetch(address, { headers: HEADERS }).catch(() => null);
  if (!response) return sayNoAnswer();
  if (response.redirected || !response.headers.get("Content-Type")?.startsWith("text/html")) {
    location.assign(address); // the page itself says what is the matter
    return;
  }
  open(await response.text());
}

function open(html) {
  for (const former of document.querySelectorAll("dialog[data-asked]")) former.close();
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.dataset.asked = "";
  dialog.innerHTML = html; // of our own server
  dialog.classList.toggle("danger", dialog.querySelector("[data-danger=true]") !== null);
  dialog.setAttribute("aria-label", dialog.querySelector("h2")?.textContent ?? "Confirm");
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
