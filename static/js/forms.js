// Forms marked data-action are sent without leaving the page. Without JavaScript they are plain posts and lead back here.
export async function submitInPlace(event) {
  const form = event.target;
  if (!("action" in form.dataset)) return;
  event.preventDefault();
  const buttons = form.querySelectorAll("button");
  for (const button of buttons) button.disabled = true;
  const { message, done } = await send(form);
  for (const button of buttons) button.disabled = false;
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
    if (response.redirected) location.reload(); // signed out meanwhile
    if (response.headers.get("Content-Type")?.includes("json")) return await response.json();
    return { done: false, message: `The server refused (${response.status}); nothing was changed. Reload the page and try again.` };
  } catch {
    return { done: false, message: "No answer from the server: it may or may not have been done. Look before you repeat it." };
  }
}

function toast(text, done) {
  const note = document.createElement("p");
  note.className = "toast-note";
  note.dataset.tone = done ? "success" : "error";
  note.textContent = text;
  document.querySelector("[data-toasts]").append(note);
  setTimeout(() => note.remove(), done ? 5000 : 12_000);
}
