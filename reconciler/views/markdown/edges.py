"""How a Markdown text in parts begins, goes on and ends."""

from reconciler.views import words
from reconciler.views.fit import PartShape
from reconciler.views.markdown.dialect import Dialect, code


def shape(
    dialect: Dialect, kind: str, project: str, digest: str, word: str, most: int
) -> PartShape:
    """The edges of a *kind* (plan, report) of *project*; *word* names what a row is."""

    def heading(number: int) -> str:
        marker = dialect.marker(kind, project, number)
        return f"{marker}### Campaign deletions, part {number}\n\nPlan {code(digest)}.\n"

    def foot(hidden: int) -> str:
        if not hidden:
            return ""
        left_out = words.count(hidden, word)
        return f"\n**Left out: {left_out}**, to stay within the size limit.\n"

    return PartShape(
        limit=dialect.limit,
        measure=dialect.measure,
        most=most,
        heading=heading,
        goes_on=lambda number: f"\n_It goes on in part {number}._\n",
        foot=foot,
        spare=200,
    )
