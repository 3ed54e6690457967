// Forms marked data-action are sent without leaving the page. Without JavaScript they are plain posts and lead back here.
let sending = 0;

// Whether the page must not be left yet: something was sent, and what became of it is still to be said or read.
export function holdsThePage() {
  return sending > 0 || document.querySelector("[data-signed-out]") !== null;
}

export async function submitInPlace(event) {
  const form = event.target;
  if (!("action" in form.dataset)) return;
  event.preventDefault();
  const buttons = form.querySelectorAll("button");
  for (const button of buttons) button.disabled = true;
  sending += 1;
  const { message, done, signIn } = await send(form);
  sending -= 1;
  for (const button of buttons) button.disabled = false;
  if (signIn) return sayNotDone(form, signIn);
  const error = form.querySelector("[data-form-error]");
  if (error) error.textContent = done ? "" : message;
  if (done || !error) toast(message, done);
  if (!done) return;
  form.reset();
  form.closest("dialog")?.close();
  form.closest("details")?.removeAttribute("open");
}

async function send(form) {
  try {
    const response = await fetch(form.getAttribute("action"), {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
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

function toast(text, done) {
  const note = document.createElement("p");
  note.className = "toast-note";
  note.dataset.tone = done ? "success" : "error";
  note.textContent = text;
  document.querySelector("[data-toasts]").append(note);
  setTimeout(() => note.remove(), done ? 5000 : 12_000);
}
