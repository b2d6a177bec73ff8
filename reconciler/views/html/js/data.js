// The rows, and what is known of each. A row is an array; these are its places.
const KIND = 0, REASON = 1, ACCOUNT = 2, DRIVER = 3, ID = 4, NAME = 5, STATUS = 6, CREATED = 7,
  UPDATED = 8, AGE = 9, ASKER = 10, SOURCES = 11, MESSAGE = 12, WAIVERS = 13, LOOK = 14,
  CHANNEL = 15, PARTS = 16, LABELS = 17, TARGETS = 18, TWICE = 19;
const MANIFEST = 0, PATH = 1, OWNER = 3, TICKET = 4, WHY = 5, NOT_BEFORE = 6, UNTIL = 7;
const PART = 0, OUTCOME = 1, DETAIL = 2, EVIDENCE = 3, REQUESTS = 4, COPY = 5;

const read = (id) => JSON.parse(document.getElementById(id).textContent);
const head = read("head");
const rows = read("rows");
const SIGNS = {
  delete: "−", refuse: "!", none: "=", deleted: "✓", "already-absent": "✓", refused: "!",
  drifted: "~", pending: "…", "in-doubt": "?",
};

const asker = (row) => head.askers[row[ASKER]];
const askerName = (one) => one[MANIFEST] ?? "no manifest";
const twice = (row) => head.twice[row[TWICE] ?? -1];
const reason = (row) => (row[REASON] < 0 ? "" : head.reasons[row[REASON]]);
const changed = (row) => row[UPDATED] ?? row[CREATED] ?? "";
const place = (source) => `${head.askers[source[0]][PATH]}:${source[1]}`;

// How long before the plan that day was: `12 d ago`, `5 mo ago`, `3 y ago`.
const ago = (day) => {
  if (!day || !head.now) return "";
  const days = Math.floor((Date.parse(head.now) - Date.parse(day)) / 86400000);
  if (Number.isNaN(days) || days < 0) return "";
  if (days < 60) return `${days} d ago`;
  return days < 730 ? `${Math.floor(days / 30.44)} mo ago` : `${Math.floor(days / 365.25)} y ago`;
};

// The worst of its targets' outcomes: the last in the list. Of a plan there is none.
const worst = rows.map((row) =>
  row[TARGETS] ? head.outcomes[Math.max(...row[TARGETS].map((one) => one[OUTCOME]))] : null);
const outcome = (at) => worst[at];
const word = (at) => worst[at] ?? head.kinds[rows[at][KIND]];

// ACCOUNT/ID, as commands take it; of two rows with the same, the second has its number behind it.
const quote = (text) => text.replace(/[%/#]/g, (one) => "%" + one.charCodeAt(0).toString(16).toUpperCase());
const keys = [];
const byKey = new Map();
rows.forEach((row, at) => {
  let key = `${quote(head.accounts[row[ACCOUNT]])}/${quote(row[ID] ?? row[NAME] ?? "")}`;
  for (let more = 2; byKey.has(key); more += 1) key = key.replace(/(~\d+)?$/, `~${more}`);
  byKey.set(key, at);
  keys.push(key);
});

// Everything that a search looks at, in small letters; made when it is first asked for.
let texts = null;
const haystacks = () => {
  if (texts) return texts;
  const known = head.askers.map((one) => one.filter(Boolean).join("\n"));
  texts = rows.map((row, at) => {
    const said = [
      row[NAME], row[ID], head.accounts[row[ACCOUNT]], head.drivers[row[DRIVER]],
      head.statuses[row[STATUS]], head.kinds[row[KIND]], reason(row), row[MESSAGE], row[CHANNEL],
      row[CREATED], row[UPDATED], worst[at], twice(row),
    ];
    for (const source of row[SOURCES]) said.push(known[source[0]], place(source));
    if (!row[SOURCES].length) said.push(known[row[ASKER]]);
    for (const waiver of row[WAIVERS] ?? []) said.push(...waiver);
    said.push(...(row[LOOK] ?? []));
    if (row[PARTS]) said.push(...row[PARTS][2]);
    if (row[LABELS]) for (const [key, value] of Object.entries(row[LABELS])) said.push(`${key}=${value}`);
    for (const one of row[TARGETS] ?? []) {
      said.push(one[PART], head.outcomes[one[OUTCOME]], one[DETAIL], one[EVIDENCE], one[COPY]);
      for (const sent of one[REQUESTS]) said.push(...sent);
    }
    return said.join("\n").toLowerCase();
  });
  return texts;
};
