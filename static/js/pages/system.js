// Requeueing asks first, in a dialog that says which event it is about. Without JavaScript the link leads to a page that asks.
const dialog = document.getElementById("requeue-dialog");
const form = dialog.querySelector("form");

addEventListener("click", (event) => {
  const link = event.target.closest("[data-requeue]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const text = (name) => link.closest("tbody").querySelector(`[data-f=${name}]`).textContent;
  form.setAttribute("action", link.getAttribute("href"));
  form.querySelector("[data-requeue-what]").textContent = `${text("event_type")} ${text("log_id")}`;
  form.querySelector("[data-requeue-whose]").textContent = text("whose");
  form.querySelector("[data-requeue-error]").textContent = text("error");
  form.querySelector("[data-form-error]").textContent = "";
  dialog.showModal();
});
