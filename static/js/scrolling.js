// A table that is wider or higher than its place can be scrolled with the keys, too; one that is not, is no stop for them.
const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const place = target.closest(".table-responsive, .inbox");
    if (!place) continue; // a row that has left
    const scrolls = place.scrollWidth > place.clientWidth || place.scrollHeight > place.clientHeight;
    if (scrolls) place.tabIndex = 0;
    else place.removeAttribute("tabindex");
  }
});

for (const place of document.querySelectorAll(".table-responsive, .inbox")) {
  sizes.observe(place);
  if (place.firstElementChild) sizes.observe(place.firstElementChild);
}
