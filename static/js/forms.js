// Forms marked data-action are sent without leaving the page. Without JavaScript they are plain posts and lead back here.
import { begin } from "./busy.js";
import { toast } from "./toasts.js";

let sending = 0;

// Whether the page must not be left yet: something was sent, and what became of it is still to be said or read.
export function holdsThePage() {
  return sending > 0 || document.querySelector("[data-signed-out]") !== null;
}

export async function submitInPlace(event) {
  const form = event.target;
  if (!("action" in form.dataset)) return;
  event.preventDefault();
  const address = event.submitter?.getAttribute("formaction") ?? form.getAttribute("action");
  const fields = new URLSearchParams(new FormData(form));
  const end = begin(form, event.submitter ?? undefined);
  sending += 1;
  const answer = await send(address, fields);
  const { message, done, signIn, undo, next, each, waits } = answer;
  sending -= 1;
  end();
  if (signIn) return sayNotDone(form, signIn);
  if (next) return showNextStep(form, next);
  const error = form.querySelector("[data-form-error]");
  if (error) error.textContent = done ? "" : message;
  form.dispatchEvent(new CustomEvent("answered", { detail: answer })); // who attends to the form may say more of it
  if (done || !error) toast([message, waits].filter(Boolean).join(" "), { done, each, undo: undo && (() => takeBack(undo, fields.get("csrfmiddlewaretoken"))) });
  if (!done) return;
  form.reset();
  form.closest("dialog")?.close();
  fold(form.closest("details"));
}

// Who was in it stands at what it hangs on.
function fold(details) {
  const within = details?.contains(document.activeElement);
  details?.removeAttribute("open");
  if (within) details.querySelector("summary").focus();
}

// A second step takes the form's place. Its dialog is thrown away when it is closed: opened again, it begins with the first.
function showNextStep(form, html) {
  const template = document.createElement("template");
  template.innerHTML = html; // of our own server
  const step = template.content.querySelector("form");
  form.replaceWith(step);
  step.querySelector("input:not([type=hidden]), button")?.focus();
}

async function takeBack({ url, ...names }, token) {
  const fields = new URLSearchParams({ csrfmiddlewaretoken: token });
  for (const [name, values] of Object.entries(names)) for (const value of [values].flat()) fields.append(name, value);
  const { message, done, signIn, waits, errors = {} } = await send(url, fields);
  toast(signIn ? "Not undone: you were signed out." : [message, waits, ...Object.values(errors)].filter(Boolean).join(" "), { done: done && !signIn });
}

async function send(address, fields) {
  try {
    const response = await fetch(address, {
      method: "POST",
      body: fields,
      headers: { Accept: "application/json" },
    });
    if (response.redirected) return { done: false, signIn: response.url }; // signed out meanwhile
    if (response.headers.get("Content-Type")?.includes("json")) return await response.json();
    return { done: false, message: `The server refused (${response.status}); nothing was changed. Reload the page and try again.` };
  } catch {
    return { done: false, message: "No answer from the server: it may or may not have been done. Look before you repeat it." };
  }
}

// It stays until the reader leaves: a stop that was not carried out must not go unnoticed.
function sayNotDone(form, signIn) {
  const link = document.createElement("a");
  link.href = new URL(`?${new URLSearchParams({ next: location.pathname + location.search })}`, signIn);
  link.className = "btn btn-sm";
  link.textContent = "Sign in";
  const note = document.createElement("p");
  note.className = "signed-out";
  note.dataset.signedOut = "";
  note.setAttribute("role", "alert");
  note.append(`Not done: you were signed out. ${form.dataset.notDone ?? "Nothing was changed."} `, link);
  document.querySelector("[data-signed-out]")?.remove();
  form.closest("dialog")?.close();
  document.getElementById("main").before(note);
  link.focus();
}
