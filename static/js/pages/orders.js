// The blotter's columns: what is chosen shows at once, and is remembered in the cookie that the server reads.
const YEAR = 365 * 24 * 3600; // seconds
const chooser = document.querySelector("[data-columns]");
const table = document.querySelector(".blotter");

chooser.querySelector("[data-columns-plain]").hidden = true;
chooser.addEventListener("change", () => {
  const hidden = [...chooser.querySelectorAll("[name=column]:not(:checked)")].map((box) => box.value);
  table.dataset.hide = hidden.join(" ");
  table.dataset.chosen = "";
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `quantumleap-columns=${hidden.join(".") || "-"}; path=/; max-age=${YEAR}; SameSite=Lax${secure}`;
});

addEventListener("click", (event) => {
  if (!chooser.contains(event.target)) chooser.open = false;
});
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !chooser.open) return;
  chooser.open = false;
  chooser.querySelector("summary").focus();
});
