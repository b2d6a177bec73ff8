// The controls: facets with counts, chips of what is chosen, how many rows there are.
const make = (name, properties = {}, ...children) => {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "class") node.className = value;
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
};
const byId = (id) => document.getElementById(id);
const count = (number, one, many) => `${number.toLocaleString("en")} ${number === 1 ? one : many ?? one + "s"}`;

// A sentence of the tool: what stands between backticks is code.
const sentence = (text) => text.split(/`([^`]+)`/).map((one, at) => (at % 2 ? make("code", {}, one) : one));

// A long name, id or address in code: it may break behind what parts it, and only then elsewhere.
const code = (text) => make("code", {}, ...text.split(/(?<=[/_.:?&=#,-])/).flatMap((one, at) => (at ? [make("wbr"), one] : [one])));

const FEW = 8; // values of a facet that are listed at once
const unfoldedFacets = new Set();

const drawFacets = (counts) => {
  const focused = document.activeElement?.dataset?.value;
  const list = facets.map((facet, number) => drawFacet(facet, counts[number]));
  byId("facet-list").replaceChildren(...list.filter(Boolean));
  if (focused) document.querySelector(`[data-value="${CSS.escape(focused)}"]`)?.focus();
};

const drawFacet = (facet, counts) => {
  if (facet.values.length < 2 && !facet.chosen.size) return null;
  const order = facet.values.map((value, at) => at);
  if (facet.key === "age") order.sort((a, b) => head.ages.indexOf(facet.values[a]) - head.ages.indexOf(facet.values[b]));
  else if (facet.key === "twice") order.sort((a, b) => (head.twice.indexOf(facet.values[a]) + 99) % 99 - (head.twice.indexOf(facet.values[b]) + 99) % 99);
  else order.sort((a, b) => counts[b] - counts[a] || byText(natural(facet.values[a]), natural(facet.values[b])));
  const whole = unfoldedFacets.has(facet.key) || order.length <= FEW + 1 || facet.key === "age";
  const shown = whole ? order : order.filter((at, place) => place < FEW || facet.chosen.has(facet.values[at]));
  const box = make("fieldset", {}, make("legend", {}, facet.title));
  for (const at of shown) {
    const value = facet.values[at];
    const input = make("input", {
      type: "checkbox", name: facet.key, value, "data-value": `${facet.key} ${value}`,
      onchange: () => { choose(facet, value, input.checked); },
    });
    input.checked = facet.chosen.has(value);
    box.append(make("label", { class: counts[at] ? "option" : "option none", title: value.length > 22 ? value : null },
      input, make("span", { class: "label" }, value),
      make("span", { class: "number" }, counts[at].toLocaleString("en"))));
  }
  if (!whole) {
    box.append(make("button", {
      type: "button", class: "more", onclick: () => { unfoldedFacets.add(facet.key); update(); },
    }, `Show all ${order.length.toLocaleString("en")}`, make("span", { class: "sr" }, ` values of ${facet.title}`)));
  }
  return box;
};

const choose = (facet, value, on) => {
  if (on) facet.chosen.add(value); else facet.chosen.delete(value);
  update();
};

const clear = () => {
  state.q = "";
  byId("q").value = "";
  for (const facet of facets) facet.chosen.clear();
  update();
};

const drawChips = () => {
  const chips = [];
  const chip = (label, drop) => chips.push(make("li", {}, make("button", { type: "button", onclick: drop },
    label, make("span", { "aria-hidden": "true" }, " ×"), make("span", { class: "sr" }, " (remove)"))));
  if (state.q) chip(`“${state.q}”`, () => { byId("q").value = ""; state.q = ""; update(); });
  for (const facet of facets) {
    for (const value of facet.chosen) chip(`${facet.title}: ${value}`, () => choose(facet, value, false));
  }
  if (chips.length) chips.push(make("li", {}, make("button", { type: "button", class: "all", onclick: clear }, "Show all")));
  byId("chips").replaceChildren(...chips);
};

// `60 to delete (281 targets), 4 refused`: what some rows come to.
const summed = (found) => {
  const totals = new Map();
  let targets = 0, campaigns = 0;
  for (const at of found) {
    totals.set(word(at), (totals.get(word(at)) ?? 0) + 1);
    if (head.kinds[rows[at][KIND]] === "delete") {
      campaigns += 1;
      targets += rows[at][PARTS] ? rows[at][PARTS][1] : 1;
    }
  }
  const said = head.report
    ? { refuse: "refused by the plan", none: "untouched", delete: "not sent" }
    : { delete: "to delete", refuse: "refused", none: "untouched" };
  const order = [...head.outcomes].reverse().concat(head.kinds);
  const parts = order.filter((key) => totals.has(key)).map((key) => `${totals.get(key).toLocaleString("en")} ${said[key] ?? key}`);
  return parts.join(", ") + (targets !== campaigns ? ` (${count(targets, "target")})` : "");
};

const drawHits = (found) => {
  const all = found.length === rows.length;
  const said = all ? count(found.length, "campaign") : `${found.length.toLocaleString("en")} of ${count(rows.length, "campaign")}`;
  byId("hits").replaceChildren(said, make("span", {}, found.length ? ` · ${summed(found)}` : ""));
};
