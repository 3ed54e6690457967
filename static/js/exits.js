// Stop and target in place: opening the form leads into its first field, Escape closes it and leaves everything as it was.
addEventListener("toggle", ({ target }) => {
  if (!target.matches?.("details.exits")) return;
  const form = target.querySelector("form");
  if (target.open) form.elements.stop_loss.select();
  else form.reset();
}, true); // toggle does not bubble

addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && event.target.closest?.("details.exits[open]");
  if (!open) return;
  open.removeAttribute("open");
  open.querySelector("summary").focus();
});
