// The inbox: how many are selected, all of them at once, and nothing to press while there are none.
const form = document.querySelector("[data-bulk]");
const list = document.querySelector("[data-rows=alerts]");
const all = document.querySelector("[data-pick-all]");
const said = document.querySelector("[data-picked]");

const inSight = (pick) => pick.checkVisibility({ checkVisibilityCSS: true }); // what one may not handle is not
const picks = () => [...list.querySelectorAll(":scope > li:not([inert]) .pick")].filter(inSight);

function tell() {
  const shown = picks();
  const count = shown.filter((pick) => pick.checked).length;
  said.textContent = count ? `${count} selected:` : "Select alerts:";
  for (const control of form.querySelectorAll("button.btn, select, input[name=note]")) control.disabled = count === 0;
  const box = all.querySelector("input");
  box.checked = count > 0 && count === shown.length;
  box.indeterminate = count > 0 && count < shown.length;
}

all.hidden = false;
all.addEventListener("change", (event) => {
  for (const pick of picks()) pick.checked = event.target.checked;
  tell();
});
list.addEventListener("change", tell);
// Enter presses the form's first button, wherever it is: in the note it means to resolve, on a checkbox nothing.
form.querySelector("[formmethod=dialog]").addEventListener("click", (event) => {
  event.preventDefault();
  if (document.activeElement === form.elements.note) form.querySelector("[name=note] + button").click();
});
form.addEventListener("reset", () => setTimeout(tell));
// what is resolved takes its tick along, also where it waits under a hand until it goes
new MutationObserver(() => {
  for (const pick of list.querySelectorAll(":scope > [inert] .pick")) pick.checked = false;
  tell();
}).observe(list, { childList: true, subtree: true, attributeFilter: ["inert"] });
tell();
