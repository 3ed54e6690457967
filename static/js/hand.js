// In lists marked data-steady no row comes, goes or moves under a hand that is about to press something there.
const REST = 2000; // ms without a move: nobody is

let moved = -Infinity;
addEventListener("pointermove", () => { moved = performance.now(); }, { passive: true });

export const underHand = (list) => "steady" in list.dataset && list.matches(":hover") && performance.now() - moved < REST;
