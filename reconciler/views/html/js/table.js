// The list: a table whose rows are drawn in blocks, as they come into view.
const BLOCK = 40;
const NEAR = 12; // blocks that are in the page at once; what is below them is one gap until it is near
const COLUMNS = [
  ["action", head.report ? "Outcome" : "Action", "action"], ["campaign", "Campaign", "name"],
  ["account", "Account", "account"], ["change", "Changed", "change"],
  ["reason", "Reason", "reason"], ["line", "Asked by", "line"],
];
const heights = { row: 58, head: 118, unfolded: 300 };
let items = []; // numbers of rows, and {key, rows} for the head of a group
let blocks = []; // {body, first, last, drawn, height}
let placed = 0; // how many of them are in the page
let below = null; // the gap of the others
let current = -1; // the row that the keyboard is on

const grouped = (order) => {
  if (state.group === "none") return order;
  const facet = facetOf(state.group);
  const groups = new Map();
  for (const at of order) {
    // Manifests have an account each; a name that two accounts share is two groups.
    const key = state.group === "manifest" ? rows[at][ASKER] : facet.of[at];
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(at);
  }
  // Whatever the order of the rows, a group stands where its first one does in the plan.
  const first = new Map([...groups].map(([key, found]) => [key, found.reduce((a, b) => Math.min(a, b))]));
  return [...groups].sort(([a], [b]) => first.get(a) - first.get(b)).flatMap(([key, found]) => [{ key, found }, ...found]);
};

const drawList = (order) => {
  items = grouped(order);
  watcher.disconnect();
  if (!order.length) {
    blocks = [];
    byId("list").replaceChildren(make("div", { class: "empty" }, make("p", {}, "Nothing fits these filters."),
      make("button", { type: "button", class: "plain", onclick: clear }, "Show all")));
    return;
  }
  blocks = [];
  for (let first = 0; first < items.length; first += BLOCK) {
    const last = Math.min(first + BLOCK, items.length);
    blocks.push({ body: null, first, last, drawn: false, height: guess(first, last) });
  }
  const table = make("table", {
    class: "grid", role: "table", "aria-rowcount": String(items.length + 1), "aria-labelledby": "explorer-title",
  }, columns(), header());
  placed = 0;
  below = make("tbody", { role: "presentation" });
  table.append(below);
  reach(NEAR);
  draw(blocks[0]);
  byId("list").replaceChildren(table);
};

// The first *many* blocks stand in the page, each drawn or a gap of its own.
const reach = (many) => {
  if (placed >= many || placed === blocks.length) return;
  const fresh = blocks.slice(placed, many);
  fresh.forEach((block, at) => {
    block.body = make("tbody", { "data-n": String(placed + at) });
    empty(block);
  });
  below.before(...fresh.map((block) => block.body));
  placed += fresh.length;
  for (const block of fresh) watcher.observe(block.body);
  const left = blocks.slice(placed);
  if (left.length) {
    below.replaceChildren(gapOf(left.reduce((sum, block) => sum + block.height, 0)));
    watcher.observe(below);
  } else below.remove();
};

const guess = (first, last) => {
  let height = 0;
  for (let place = first; place < last; place += 1) {
    const item = items[place];
    height += typeof item === "number" ? heights.row + (state.open.has(item) ? heights.unfolded : 0) : heights.head;
  }
  return height;
};

const columns = () => make("colgroup", {}, ...COLUMNS.map(([name]) => make("col", { class: `c-${name}` })));

const header = () => make("thead", { role: "rowgroup" }, make("tr", { role: "row", "aria-rowindex": "1" }, ...COLUMNS.map(([name, title, sort]) => {
  const on = state.sort === sort;
  const arrow = on ? (state.down ? "↓" : "↑") : "";
  return make("th", { scope: "col", role: "columnheader", class: `c-${name}`, "aria-sort": on ? (state.down ? "descending" : "ascending") : null },
    make("button", { type: "button", "data-sort": sort, onclick: () => sortBy(sort) }, title, make("span", { "aria-hidden": "true" }, arrow)));
})));

const sortBy = (sort) => {
  if (state.sort === sort && state.down) { state.sort = "plan"; state.down = false; }
  else { state.down = state.sort === sort; state.sort = sort; }
  update();
  document.querySelector(`[data-sort="${sort}"]`)?.focus();
};

const draw = (block) => {
  if (block.drawn) return;
  const nodes = [];
  for (let place = block.first; place < block.last; place += 1) {
    const item = items[place];
    if (typeof item !== "number") { nodes.push(groupHead(item, place)); continue; }
    nodes.push(line(item, place));
    if (state.open.has(item)) nodes.push(unfolded(item));
  }
  block.body.setAttribute("role", "rowgroup");
  block.body.replaceChildren(...nodes);
  block.drawn = true;
};

const gap = make("tr", { class: "gap", "aria-hidden": "true", role: "presentation" },
  make("td", { colspan: String(COLUMNS.length) }));
const gapOf = (height) => {
  const row = gap.cloneNode(true);
  row.firstChild.style.height = `${height}px`;
  return row;
};
const empty = (block) => {
  if (block.drawn) block.height = block.body.getBoundingClientRect().height;
  block.body.setAttribute("role", "presentation");
  block.body.replaceChildren(gapOf(block.height));
  block.drawn = false;
};

// The first block stays: it is where the keyboard enters the list.
const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (entry.target === below) { if (entry.isIntersecting) reach(blocks.length); continue; }
    const block = blocks[Number(entry.target.dataset.n)];
    if (!block || block.body !== entry.target) continue;
    if (entry.isIntersecting) draw(block);
    else if (block.first > 0 && block.drawn && !block.body.contains(document.activeElement)) empty(block);
  }
}, { rootMargin: "900px 0px" });

const two = (name, one, more, properties = {}) => make("td", { class: name, role: "cell", ...properties },
  make("span", { class: "one" }, one), more ? make("span", { class: "two" }, more) : null);

const line = (at, place) => {
  const row = rows[at];
  const open = state.open.has(at);
  const who = asker(row);
  const fold = make("button", {
    type: "button", class: "fold", "aria-expanded": String(open), tabindex: at === current ? "0" : "-1", "data-at": String(at),
  }, make("span", { class: "arrow", "aria-hidden": "true" }, "▸"), tag(word(at)),
  make("span", { class: "sr" }, ` ${row[NAME] ?? row[ID] ?? ""}`));
  const source = row[SOURCES][0];
  const more = row[SOURCES].length > 1 ? ` +${row[SOURCES].length - 1}` : "";
  const parts = row[PARTS] ? ` · ${count(row[PARTS][1], row[PARTS][0])}` : "";
  const day = changed(row);
  const node = make("tr", { class: "row", role: "row", "aria-rowindex": String(place + 2), "data-at": String(at) },
    make("td", { class: "action", role: "cell" }, fold),
    make("td", { class: "campaign", role: "cell" },
      make("span", { class: "one name", title: row[NAME] ?? null }, row[NAME] ?? "(no name)"),
      make("span", { class: "two" }, make("code", {}, row[ID] ?? "(no id)"), parts)),
    two("account", head.accounts[row[ACCOUNT]], head.statuses[row[STATUS]]),
    two("change", day || "unknown", ago(day)),
    two("reason", reason(row), told(at)),
    two("line", source ? `line ${source[1]}${more}` : "", who[TICKET] ?? who[OWNER], { title: source ? place_(row) : null }));
  return node;
};
const place_ = (row) => row[SOURCES].map(place).join(", ");
const told = (at) => {
  const targets = rows[at][TARGETS];
  if (targets) return targets.find((one) => one[DETAIL] && head.outcomes[one[OUTCOME]] === worst[at])?.[DETAIL] ?? "";
  return rows[at][MESSAGE] ?? "";
};

const unfolded = (at) => make("tr", { class: "unfolded", role: "row" },
  make("td", { colspan: String(COLUMNS.length), role: "cell" }, details(at)));

const groupHead = ({ key, found }, place) => {
  const box = make("td", { colspan: String(COLUMNS.length), role: "cell" });
  if (state.group === "manifest") {
    const one = head.askers[key];
    box.append(make("h3", {}, askerName(one)), make("span", { class: "soft" }, ` ${one[PATH] ?? ""} · ${one[2]}`));
    if (one[WHY]) box.append(make("p", { class: "why" }, one[WHY]));
    const list = make("dl", { class: "who" });
    for (const [title, value] of [["Owner", one[OWNER]], ["Ticket", one[TICKET]], ["Not before", one[NOT_BEFORE]], ["Until", one[UNTIL]]]) {
      if (value) list.append(make("div", {}, make("dt", {}, title), make("dd", {}, value)));
    }
    const lacks = [["owner", OWNER], ["reason", WHY], ["ticket", TICKET]].filter(([, at]) => !one[at]).map(([name]) => `no ${name}`);
    if (lacks.length) list.append(make("div", { class: "lacks" }, make("dt", {}, "Not told"), make("dd", {}, lacks.join(", "))));
    if (list.children.length) box.append(list);
  } else box.append(make("h3", {}, facetOf(state.group).values[key]));
  box.append(make("p", { class: "sum" }, summed(found)));
  return make("tr", { class: "head", role: "row", "aria-rowindex": String(place + 2) }, box);
};

const toggle = (at, on = !state.open.has(at)) => {
  if (on) state.open.add(at); else state.open.delete(at);
  const node = document.querySelector(`tr.row[data-at="${at}"]`);
  if (!node) return;
  node.querySelector(".fold").setAttribute("aria-expanded", String(on));
  if (node.nextElementSibling?.classList.contains("unfolded")) node.nextElementSibling.remove();
  if (on) node.after(unfolded(at));
};

// Draws the row at *place* of the list if need be, and brings it into view.
const show = (place, smooth = false) => {
  const number = Math.floor(place / BLOCK), block = blocks[number];
  if (!block) return null;
  if (number >= placed) reach(blocks.length);
  draw(block);
  const node = block.body.querySelector(`tr.row[data-at="${items[place]}"]`);
  node?.scrollIntoView({ block: "nearest", behavior: smooth ? "smooth" : "auto" });
  return node;
};
