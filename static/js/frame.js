// What works on every page, also where nothing is live: the account's chooser, the theme's switch, and the word of being at work.
import "./busy.js";

for (const chooser of document.querySelectorAll("[data-chooser]")) {
  chooser.addEventListener("change", (event) => event.target.matches("select") && chooser.requestSubmit());
}

const toggle = document.querySelector("[data-theme-toggle]");
if (toggle) {
  toggle.hidden = false;
  toggle.addEventListener("click", () => {
    const root = document.documentElement;
    root.dataset.bsTheme = root.dataset.bsTheme === "dark" ? "light" : "dark";
    try { localStorage.setItem("quantumleap-theme", root.dataset.bsTheme); } catch { /* it holds for this page only */ }
    dispatchEvent(new Event("themechange"));
  });
}
