// What a row says of itself once it is unfolded: who asks, the record, requests and outcome.
const fact = (list, title, ...value) => {
  const said = value.filter((one) => one !== null && one !== undefined && one !== "");
  if (said.length) list.append(make("dt", {}, title), make("dd", {}, ...said));
};

const copier = (text, what) => make("button", {
  type: "button", class: "copy",
  onclick: async (event) => {
    const button = event.currentTarget;
    button.textContent = (await copied(text)) ? "Copied" : "Not copied";
    setTimeout(() => { button.textContent = `Copy ${what}`; }, 1500);
  },
}, `Copy ${what}`);

const copied = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = make("textarea", { class: "sr", "aria-hidden": "true" });
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
};

const asked = (source) => {
  const one = head.askers[source[0]];
  const said = [code(place(source)), ` ${askerName(one)}`];
  if (one[OWNER]) said.push(`, asked for by ${one[OWNER]}`);
  if (one[TICKET]) said.push(`, ticket ${one[TICKET]}`);
  if (one[NOT_BEFORE]) said.push(`, not before ${one[NOT_BEFORE]}`);
  if (one[UNTIL]) said.push(`, until ${one[UNTIL]}`);
  if (one[WHY]) said.push(`: ${one[WHY]}`);
  return make("p", {}, ...said);
};

const details = (at) => {
  const row = rows[at];
  const list = make("dl", { class: "about" });
  fact(list, "Name", row[NAME] === null ? null : make("pre", {}, row[NAME] ?? ""));
  if (row[ID] !== null && row[ID] !== undefined) fact(list, "Id", code(row[ID]), copier(row[ID], "id"));
  fact(list, "Account", `${head.accounts[row[ACCOUNT]]} (${head.drivers[row[DRIVER]]})`);
  fact(list, "Asked by", ...row[SOURCES].map(asked));
  fact(list, head.kinds[row[KIND]] === "refuse" ? "Refused" : "Reason", reason(row) && make("p", {}, make("b", {}, reason(row)),
    ...(row[MESSAGE] ? [": ", ...sentence(row[MESSAGE])] : [])));
  if (head.kinds[row[KIND]] === "refuse" && head.lifts[reason(row)]) fact(list, "To lift it", ...sentence(`${head.lifts[reason(row)]}.`));
  fact(list, "Look twice", twice(row));
  fact(list, "Waived", ...(row[WAIVERS] ?? []).map(([guard, until, because, ticket]) =>
    make("p", {}, `${guard} until ${until}: ${because} (${ticket})`)));
  fact(list, "Before", ...(row[LOOK] ?? []).map((one) => make("p", {}, one)));
  fact(list, "Record", record(row));
  if (row[LABELS]) fact(list, "Labels", Object.entries(row[LABELS]).map(([key, value]) => `${key}=${value}`).join(", "));
  if (row[PARTS]) {
    const [noun, all, listed] = row[PARTS];
    const more = all - listed.length;
    fact(list, count(all, noun), code(listed.join(", ")), more ? ` and ${more.toLocaleString("en")} more` : "");
  }
  if (row[TARGETS]) fact(list, "Outcome", ...row[TARGETS].slice(0, 200).map(target));
  fact(list, "Link", make("a", { href: address(keys[at]) }, "to this campaign"), copier(location.href.replace(/#.*$/, "") + address(keys[at]), "link"));
  return list;
};

const record = (row) => {
  const said = [];
  if (head.statuses[row[STATUS]] !== "unknown") said.push(`status ${head.statuses[row[STATUS]]}`);
  if (row[CHANNEL]) said.push(`channel ${row[CHANNEL]}`);
  if (row[CREATED]) said.push(`created ${row[CREATED]}`);
  if (row[UPDATED]) said.push(`updated ${row[UPDATED]}`);
  return said.join(", ") || "not in the inventory, or nothing is known but its name";
};

const target = (one) => {
  const box = make("div", { class: "target" });
  const said = make("p", {}, tag(head.outcomes[one[OUTCOME]]), " ");
  if (one[PART]) said.append(code(one[PART]), " ");
  if (one[DETAIL]) said.append(...sentence(one[DETAIL]), " ");
  if (one[EVIDENCE]) said.append(make("span", { class: "soft" }, `known from ${one[EVIDENCE] === "answer" ? "the answer" : "a " + one[EVIDENCE]}`.replace("a inventory", "the inventory")));
  box.append(said);
  for (const [when, method, url, status] of one[REQUESTS]) {
    box.append(make("p", { class: "soft" }, code(`${when} ${method} ${url}`), `: ${status ?? "no answer"}`));
  }
  if (one[COPY]) box.append(make("p", { class: "soft" }, "Copy kept: ", code(one[COPY])));
  return box;
};

const tag = (said) => make("span", { class: `tag ${said in SIGNS && head.kinds.includes(said) ? "s" : "o"}-${said}` },
  make("span", { "aria-hidden": "true" }, `${SIGNS[said] ?? ""} `), said);
