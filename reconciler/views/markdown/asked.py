"""Who asks, why and under which ticket, in Markdown: a section's first line, and the summary."""

from collections.abc import Mapping, Sequence
from functools import partial

from reconciler.model import ManifestDocument, Source
from reconciler.views import askers, words
from reconciler.views.askers import Asker
from reconciler.views.fit import Section
from reconciler.views.markdown.dialect import code, row, sentence, ticket
from reconciler.views.tally import AskingLine, Tally


def who(document: ManifestDocument | None) -> str:
    """One line: owner, ticket, days and reason, or which of them are not told."""
    said = [_fact(word, text) for word, text in askers.facts(document)]
    if missing := askers.missing(document):
        said.append(f"_{missing}_")
    line = ", ".join(said)
    reason = document.reason if document else None
    return f"{line}: {sentence(reason)}" if reason else line


def _fact(word: str, text: str) -> str:
    match word:
        case "owner":
            return f"Asked for by {code(text)}"
        case "ticket":
            return f"ticket {ticket(text)}"
        case _:
            return f"{word} {code(text)}"


def lines(sources: Sequence[Source]) -> str:
    """The lines that ask: bare in the file of the section, the first; else with their file."""
    here = sources[0].path if sources else None
    shown = [
        str(one.line) if one.path == here else code(words.place(one), cell=True)
        for one in sources[:3]
    ]
    if len(sources) > 3:
        shown.append(f"and {len(sources) - 3:,} more")
    return ", ".join(shown)


def summary(lines: Mapping[AskingLine, Tally], columns: Sequence[tuple[str, str]]) -> Section:
    """A row a manifest line; who and why stand on a manifest's first. *columns*: (word, kind)."""
    titles = ("asked by", "account", "owner", "ticket", "reason", *(word for word, _ in columns))
    opening = f"\n{row(titles)}|---|---|---|---|---|{'--:|' * len(columns)}\n"
    rows = []
    before: Asker | None = None
    for line, tally in lines.items():
        counts = [f"{tally[kind]:,}" for _, kind in columns]
        rows.append(partial(_line, line, counts, told=line.asker == before))
        before = line.asker
    return Section(
        opening=opening,
        again=opening,
        rows=rows,
        closing="",
        front=True,
        left_out=lambda number: f"\n_{number:,} more manifest lines are not shown here._\n",
    )


def _line(line: AskingLine, counts: Sequence[str], *, told: bool) -> str:
    asker, known = line.asker, line.asker.document
    number = "" if line.line is None else f":{line.line}"
    place = code(f"{asker.path}{number}", cell=True) if asker.path else "no manifest"
    if told or known is None:
        return row([place, "" if told else code(asker.account, cell=True), "", "", "", *counts])
    return row(
        [
            place,
            code(asker.account, cell=True),
            code(known.owner, cell=True) if known.owner else "",
            ticket(known.ticket, cell=True) if known.ticket else "",
            sentence(known.reason, cell=True) if known.reason else "",
            *counts,
        ]
    )
