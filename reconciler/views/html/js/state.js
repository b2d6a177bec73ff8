// What is shown: a search, chosen values of facets, a grouping, an order. It lives in the address.
const FACETS = [
  ...(head.report ? [["outcome", "Outcome", (row, at) => worst[at] ?? "not sent"]] : []),
  ["action", "Action", (row) => head.kinds[row[KIND]]],
  ["twice", "Look twice", (row) => twice(row) ?? "no need"],
  ["account", "Account", (row) => head.accounts[row[ACCOUNT]]],
  ["reason", "Reason", (row) => reason(row) || "unknown"],
  ["status", "Status", (row) => head.statuses[row[STATUS]]],
  ["owner", "Owner", (row) => asker(row)[OWNER] ?? "no owner"],
  ["ticket", "Ticket", (row) => asker(row)[TICKET] ?? "no ticket"],
  ["age", "Last change", (row) => head.ages[row[AGE]]],
  ["manifest", "Manifest", (row) => askerName(asker(row))],
];
const EMPTY = { owner: "no owner", ticket: "no ticket" };
const GROUPS = [
  ["manifest", "manifest"], ["account", "account"], ["owner", "owner"], ["ticket", "ticket"],
  ["reason", "reason"], ["none", "nothing"],
];
const SORTS = [
  ["plan", "the plan's order", null],
  ["name", "name", (row) => row[NAME] ?? ""],
  ["id", "id", (row) => row[ID] ?? ""],
  ["action", head.report ? "outcome" : "action", (row, at) => word(at)],
  ["account", "account", (row) => head.accounts[row[ACCOUNT]]],
  ["status", "status", (row) => head.statuses[row[STATUS]]],
  ["change", "last change", (row) => changed(row)],
  ["reason", "reason", (row) => reason(row)],
  ["line", "manifest line", (row) =>
    row[SOURCES].length ? place(row[SOURCES][0]) : ""],
];

// The value of each facet of each row, by its number in the facet's list of values.
const facets = FACETS.map(([key, title, value]) => {
  const numbers = new Map();
  const of = new Int32Array(rows.length);
  rows.forEach((row, at) => {
    const text = value(row, at);
    if (!numbers.has(text)) numbers.set(text, numbers.size);
    of[at] = numbers.get(text);
  });
  return { key, title, values: [...numbers.keys()], numbers, of, chosen: new Set() };
});
const facetOf = (key) => facets.find((one) => one.key === key);
const state = { q: "", group: "manifest", sort: "plan", down: false, open: new Set() };

const readAddress = () => {
  const text = location.hash.slice(1);
  if (text && !text.includes("=")) return null; // a plain anchor
  const said = new URLSearchParams(text);
  state.q = said.get("q") ?? "";
  const group = said.get("group");
  state.group = GROUPS.some(([key]) => key === group) ? group : "manifest";
  const sort = said.get("sort") ?? "";
  state.down = sort.startsWith("-");
  const name = sort.replace(/^-/, "");
  state.sort = SORTS.some(([key]) => key === name) ? name : "plan";
  for (const facet of facets) {
    const wanted = said.getAll(facet.key).map((value) => value || EMPTY[facet.key] || value);
    facet.chosen = new Set(wanted.filter((value) => facet.numbers.has(value)));
  }
  return said.get("at");
};

const address = (at) => {
  const said = new URLSearchParams();
  if (state.q) said.set("q", state.q);
  for (const facet of facets) for (const value of facet.chosen) said.append(facet.key, value);
  if (state.group !== "manifest") said.set("group", state.group);
  if (state.sort !== "plan" || state.down) said.set("sort", (state.down ? "-" : "") + state.sort);
  if (at) said.set("at", at);
  return "#" + said.toString();
};

const writeAddress = () => {
  const wanted = address();
  const now = wanted === "#" ? location.pathname + location.search : wanted;
  try { history.replaceState(null, "", now); } catch { location.hash = wanted; }
};

// Which rows are shown, and of each value how many would be if it alone were chosen of its facet.
const select = () => {
  const asked = state.q.toLowerCase().split(/\s+/).filter(Boolean);
  const hay = asked.length ? haystacks() : null;
  const wanted = facets.map((facet) => {
    if (!facet.chosen.size) return null;
    const takes = new Uint8Array(facet.values.length);
    for (const value of facet.chosen) takes[facet.numbers.get(value)] = 1;
    return takes;
  });
  const counts = facets.map((facet) => new Int32Array(facet.values.length));
  const found = [];
  for (let at = 0; at < rows.length; at += 1) {
    if (hay && !asked.every((one) => hay[at].includes(one))) continue;
    let fails = 0, failed = -1;
    for (let number = 0; number < facets.length && fails < 2; number += 1) {
      if (wanted[number] && !wanted[number][facets[number].of[at]]) { fails += 1; failed = number; }
    }
    if (fails === 0) {
      found.push(at);
      for (let number = 0; number < facets.length; number += 1) counts[number][facets[number].of[at]] += 1;
    } else if (fails === 1) counts[failed][facets[failed].of[at]] += 1;
  }
  return { found, counts };
};

// The place of every row in each order, made when it is first asked for. Numbers inside a text
// count as numbers.
const ranks = new Map();
const natural = (text) => text.normalize("NFKD").toLowerCase().replace(/\d+/g, (digits) => digits.padStart(12, "0"));
const byText = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
const rankOf = (key, value) => {
  if (!ranks.has(key)) {
    const texts = rows.map((row, at) => natural(value(row, at)));
    const number = new Map([...new Set(texts)].sort(byText).map((text, at) => [text, at]));
    ranks.set(key, Int32Array.from(texts, (text) => number.get(text)));
  }
  return ranks.get(key);
};

const sorted = (found) => {
  const value = SORTS.find(([key]) => key === state.sort)[2];
  if (!value) return state.down ? found.reverse() : found;
  const turn = state.down ? -1 : 1;
  const rank = rankOf(state.sort, value);
  return found.sort((a, b) => turn * (rank[a] - rank[b] || a - b));
};
