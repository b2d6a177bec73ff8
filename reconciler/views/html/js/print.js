// Paper: every row that the filters leave, unfolded, from what a page without a script shows.
const paper = () => {
  const written = document.querySelector(".explorer noscript").textContent;
  const page = new DOMParser().parseFromString(written, "text/html");
  const shown = new Set(select().found.map(String));
  const parts = [...page.body.children].filter((part) => {
    for (const row of part.querySelectorAll("tr[data-n]")) if (!shown.has(row.dataset.n)) row.remove();
    return part.querySelector("tr[data-n]");
  });
  const filters = [...byId("chips").querySelectorAll("button:not(.all)")].map((one) => one.firstChild.textContent);
  const said = filters.length ? `${shown.size} of ${rows.length} campaigns, filtered by ${filters.join("; ")}.` : "";
  byId("paper").replaceChildren(...(said ? [make("p", {}, said)] : []), ...parts);
};

const onPaper = matchMedia("print");
onPaper.addEventListener("change", () => (onPaper.matches ? paper() : byId("paper").replaceChildren()));
addEventListener("beforeprint", paper);
addEventListener("afterprint", () => byId("paper").replaceChildren());
