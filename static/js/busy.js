// What takes a while says that it is at work, and is not begun a second time.
import { toast } from "./toasts.js";

const PATIENCE = 250; // ms: what is done sooner needs no word
const LONGEST = 60_000; // ms until a page that never left may be used again
const FETCHING = 4000; // ms until a file can be asked for again; its progress is the browser's to show
const running = new Set(); // what ends each

function hold(end) {
  const once = () => {
    if (running.delete(once)) end();
  };
  running.add(once);
  return once;
}

// No button of the form can be pressed until the returned function is called; the one that was pressed says why.
export function begin(form, pressed = form.querySelector("button:not([type=button])")) {
  const buttons = [...form.elements].filter((one) => one.matches("button") && !one.disabled);
  const focused = document.activeElement;
  const label = pressed && [...pressed.childNodes];
  form.setAttribute("aria-busy", "true");
  for (const button of buttons) button.disabled = true;
  const timer = setTimeout(() => {
    pressed?.setAttribute("aria-busy", "true");
    pressed?.replaceChildren("Working…");
  }, PATIENCE);
  return hold(() => {
    clearTimeout(timer);
    form.removeAttribute("aria-busy");
    for (const button of buttons) button.disabled = false;
    if (pressed?.getAttribute("aria-busy")) pressed.replaceChildren(...label);
    pressed?.removeAttribute("aria-busy");
    if (buttons.includes(focused) && document.activeElement === document.body) focused.focus();
  });
}

// A link is at work until the returned function is called; null where it is so already.
export function beginLink(link) {
  if (link.getAttribute("aria-busy")) return null;
  link.setAttribute("aria-busy", "true");
  return hold(() => link.removeAttribute("aria-busy"));
}

const opensElsewhere = (event) => event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;

addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-slow] a[href], a[download]");
  if (!link || event.defaultPrevented || opensElsewhere(event)) return;
  const end = beginLink(link);
  if (!end) return void event.preventDefault();
  if (link.hasAttribute("download")) toast("The file is on its way: the browser shows how far it is, and where it is kept.");
  setTimeout(end, link.hasAttribute("download") ? FETCHING : LONGEST);
});

// Forms that lead to another page: what handles its form itself has prevented that by then.
addEventListener("submit", (event) => setTimeout(() => {
  if (!event.defaultPrevented) setTimeout(begin(event.target, event.submitter ?? undefined), LONGEST);
}));

// Back on a page that the browser kept as it was left.
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) for (const end of [...running]) end();
});
