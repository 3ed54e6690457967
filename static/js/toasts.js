// Short notes of what was done, at the page's foot; with what became of each where it was done to many.
const READING = 5000; // ms that a note stays; longer where there is something to do about it, or more to read
const DECIDING = 12_000;
const AT_MOST = 4; // notes at a time

export function toast(text, { done = true, each = [], undo } = {}) {
  const note = document.createElement("div");
  note.className = "toast-note";
  note.dataset.tone = done ? "success" : "error";
  note.textContent = text;
  if (undo) note.append(" ", button("Undo", note, undo));
  if (each.length) note.append(listOf(each), button("Close", note));
  const notes = document.querySelector("[data-toasts]");
  for (const same of [...notes.children].filter((other) => !undo && other.textContent === note.textContent)) same.remove();
  notes.append(note);
  for (const former of [...notes.children].slice(0, -AT_MOST)) former.remove();
  setTimeout(leave, done && !undo && !each.length ? READING : DECIDING, note);
}

function listOf(lines) {
  const list = document.createElement("ul");
  list.tabIndex = 0; // it may have more lines than there is room for
  list.append(...lines.map((line) => {
    const item = document.createElement("li");
    item.textContent = line;
    return item;
  }));
  return list;
}

// Not from under the hand of who is about to press its button.
function leave(note) {
  if (note.matches(":hover, :focus-within")) setTimeout(leave, READING, note);
  else note.remove();
}

function button(label, note, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn btn-sm toast-act";
  made.textContent = label;
  made.addEventListener("click", () => {
    note.remove();
    act?.();
  });
  return made;
}

// A question could not be asked: the page that it would lead to is not there either, so the reader stays here.
export function sayNoAnswer() {
  toast("No answer from the server: nothing was done.", { done: false });
}
