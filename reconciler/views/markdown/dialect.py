"""What Markdown is where it will be read: its limit, and what of HTML and alerts it takes."""

from collections.abc import Sequence
from urllib.parse import quote

import msgspec

from reconciler.safe import cap, html, markdown, markdown_code, markdown_ticket
from reconciler.views.fit import Measure, characters
from reconciler.views.frame import Platform

MOST_PARTS = 10  # nobody reads the eleventh comment
_CELL = 240  # characters of a name, an id or a path
_SENTENCE = 480


class Dialect(msgspec.Struct, frozen=True):
    """*limit* of one text, as *measure* counts. *folds*: `<details>` and comments are HTML.

    *alerts*: `> [!CAUTION]` is a box.
    """

    limit: int
    folds: bool = True
    alerts: bool = True
    measure: Measure = characters

    def marker(self, kind: str, project: str, part: int = 1) -> str:
        """A line nobody sees, by which a script finds the comment again."""
        # Percent-encoded, so that no name can end the comment.
        said = f"reconciler {kind} {quote(project, safe='')}" + (f" {part}" if part > 1 else "")
        said = said.replace("--", "%2D%2D")
        return f"<!-- {said} -->\n" if self.folds else f'[//]: # "{said}"\n\n'

    def alert(self, kind: str, lines: Sequence[str]) -> str:
        """A box of a *kind* GitHub knows (CAUTION, WARNING), or a quotation that says so."""
        head = f"[!{kind}]" if self.alerts else f"**{kind.capitalize()}**  "
        return "".join(f"> {line}\n" for line in (head, *lines))

    def fold(self, title: str, account: str, count: str) -> str:
        """What opens a folded section: *title* asks for *count* in *account*; all foreign."""
        if not self.folds:
            return f"\n**{code(title)}: {count} in {code(account)}**\n\n"
        # In a block of HTML nothing is read as Markdown, and nothing in `<code>` is a mention.
        shown, where = (html(cap(one, _CELL)) for one in (title, account))
        said = f"<code>{shown}</code>: {count} in <code>{where}</code>"
        return f"\n<details><summary>{said}</summary>\n\n"

    @property
    def line(self) -> str:
        """A new line inside a cell."""
        return "<br>" if self.folds else "; "

    @property
    def fold_end(self) -> str:
        return "\n</details>\n" if self.folds else ""


DIALECTS: dict[Platform, Dialect] = {
    "github": Dialect(65_536),
    "gitlab": Dialect(1_000_000),
    "azure": Dialect(150_000, alerts=False),
    "bitbucket": Dialect(32_768, folds=False, alerts=False),
}


def code(text: str, *, cell: bool = False) -> str:
    """A foreign name, id or path, capped."""
    return markdown_code(cap(text, _CELL), cell=cell)


def sentence(text: str, *, cell: bool = False) -> str:
    """A foreign sentence, capped."""
    return markdown(cap(text, _SENTENCE), cell=cell)


def ticket(text: str, *, cell: bool = False) -> str:
    """A ticket, so that the platform can make it a link."""
    return markdown_ticket(cap(text, _CELL), cell=cell)


def row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"
