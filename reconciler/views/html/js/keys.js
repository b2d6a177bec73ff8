// The keyboard: one row of the list is in the tab order; arrows move from row to row.
const placeOf = (at) => items.indexOf(at);

const moveTo = (place, step) => {
  let next = place;
  while (next >= 0 && next < items.length && typeof items[next] !== "number") next += step;
  if (next < 0 || next >= items.length) return;
  focusRow(items[next], next);
};

const focusRow = (at, place = placeOf(at)) => {
  document.querySelector('.fold[tabindex="0"]')?.setAttribute("tabindex", "-1");
  current = at;
  const fold = show(place)?.querySelector(".fold");
  fold?.setAttribute("tabindex", "0");
  fold?.focus({ preventScroll: true });
};

const MOVES = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: 10, PageUp: -10 };

const onListKey = (event) => {
  const fold = event.target.closest?.(".fold");
  if (!fold || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key.length === 1 && !byId("keys").checked) return;
  const place = placeOf(Number(fold.dataset.at));
  if (event.key in MOVES) {
    const step = MOVES[event.key];
    const wanted = Math.min(Math.max(place + step, 0), items.length - 1);
    moveTo(wanted, Math.sign(step));
  } else if (event.key === "Home") moveTo(0, 1);
  else if (event.key === "End") moveTo(items.length - 1, -1);
  else if (event.key === "ArrowRight") toggle(Number(fold.dataset.at), true);
  else if (event.key === "ArrowLeft") toggle(Number(fold.dataset.at), false);
  else return;
  event.preventDefault();
};

const onPageKey = (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const writing = event.target.matches?.("input:not([type=checkbox]), select, textarea");
  if (event.key === "/" && !writing && byId("keys").checked) {
    byId("q").focus();
    byId("q").select();
    event.preventDefault();
  } else if (event.key === "Escape" && event.target === byId("q")) {
    byId("q").value = "";
    state.q = "";
    update();
  } else if (event.key === "ArrowDown" && event.target === byId("q")) {
    moveTo(0, 1);
    event.preventDefault();
  }
};
