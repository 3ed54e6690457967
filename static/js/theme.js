// Before anything is drawn: the chosen theme, else the system's. A classic script in the head, so that nothing flashes.
(() => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    let chosen = null;
    try { chosen = localStorage.getItem("quantumleap-theme"); } catch { /* storage is off: the system decides */ }
    if (chosen !== "light" && chosen !== "dark") chosen = system.matches ? "dark" : "light";
    document.documentElement.dataset.bsTheme = chosen;
  };
  apply();
  system.addEventListener("change", apply);
  addEventListener("storage", apply);
})();
