// Everything together: the address is read, the controls are wired, the list is drawn.
const update = ({ write = true } = {}) => {
  const { found, counts } = select();
  const order = sorted(found);
  if (current < 0 || !order.includes(current)) current = order.length ? order[0] : -1;
  drawFacets(counts);
  drawChips();
  drawHits(found);
  drawList(order);
  byId("sort").value = state.sort;
  byId("group").value = state.group;
  byId("turn").setAttribute("aria-pressed", String(state.down));
  if (write) writeAddress();
};

const fromAddress = () => {
  const at = readAddress();
  if (at === null && location.hash && !location.hash.includes("=")) return;
  byId("q").value = state.q;
  const row = byKey.get(at);
  if (row !== undefined) state.open.add(row);
  update({ write: false });
  if (row !== undefined) {
    if (placeOf(row) >= 0) { focusRow(row); byId("list").querySelector(`tr.row[data-at="${row}"]`)?.scrollIntoView({ block: "center" }); }
  } else if (location.hash) byId("explorer").scrollIntoView();
};

const expiry = () => {
  const node = byId("expires");
  if (!node || !head.expires) return;
  const left = Date.parse(head.expires) - Date.now();
  if (Number.isNaN(left)) return;
  const hours = Math.floor(left / 3600000);
  const said = hours >= 48 ? `in ${Math.floor(hours / 24)} days` : `in ${count(hours, "hour")}`;
  node.append(left > 0 ? ` (${said})` : " (it has expired)");
};

const start = () => {
  byId("app").hidden = false;
  byId("sort").append(...SORTS.map(([key, title]) => make("option", { value: key }, title)));
  byId("group").append(...GROUPS.map(([key, title]) => make("option", { value: key }, title)));
  if (matchMedia("(max-width: 63.99rem)").matches) byId("facets").open = false;
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("q").addEventListener("input", () => { state.q = byId("q").value.trim(); update(); });
  byId("sort").addEventListener("change", () => { state.sort = byId("sort").value; state.down = false; update(); });
  byId("group").addEventListener("change", () => { state.group = byId("group").value; update(); });
  byId("turn").addEventListener("click", () => { state.down = !state.down; update(); });
  byId("list").addEventListener("click", (event) => {
    const fold = event.target.closest(".fold");
    const row = event.target.closest("tr.row");
    if (!row || (!fold && (event.target.closest("a, button") || String(getSelection())))) return;
    const at = Number(row.dataset.at);
    document.querySelector('.fold[tabindex="0"]')?.setAttribute("tabindex", "-1");
    current = at;
    row.querySelector(".fold").setAttribute("tabindex", "0");
    toggle(at);
  });
  byId("list").addEventListener("keydown", onListKey);
  addEventListener("keydown", onPageKey);
  addEventListener("hashchange", fromAddress);
  fromAddress();
  (window.requestIdleCallback ?? setTimeout)(haystacks);
};

expiry();
if (rows.length) start();
