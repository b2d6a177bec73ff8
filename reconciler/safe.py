r"""Foreign text made harmless, one function a medium.

Whatever a vendor, a manifest or an inventory says passes through here before it is shown. Two
steps: what cannot be seen is written out (`\x1b`, `\u202e`), then what the medium would act upon
is escaped in the medium's own way. Letters of every script stay as they are. All functions are
pure and total: any `str` goes in, lone surrogates included.
"""

import re
import unicodedata
from collections.abc import Sequence

_ESCAPES = "xuU"
_MOST_MARKS = 4  # combining marks on one letter; more only paint over the lines around
_BLANK = frozenset(  # printable to Python, yet nothing to see
    (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, 0x1D159)
    + tuple(range(0x180B, 0x1810))
    + tuple(range(0xFE00, 0xFE10))
    + tuple(range(0xE0100, 0xE01F0))
)
_LOOKS_LATIN = frozenset(  # Cyrillic and Greek letters that pass for a Latin one
    "авеѕіјорсухһԁԛԝѵүАВЕЅІЈКМНОРСТУХҮԌԚԜ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοναικρυγϲϳ"
)
_LATIN = re.compile(r"[A-Za-z]")
_WORD = re.compile(r"[^\W_]+")
_RUN = re.compile(r"\\+")
# What a runner reads as an order: `::` at a line's start (a line may be broken at a blank),
# `##[` and `##name[` anywhere, GitLab's section markers anywhere.
_ORDER = re.compile(r"(?:(?<=\s)|^)(?::)(?=:)|#(?=#[\[A-Za-z])|(?<=section)_(?=start:|end:)")
_PLAIN = bytes(range(0x20, 0x7F)).translate(None, b'\\"')  # what is never written out
_ORDERS = ((":", "::"), ("#", "##"), ("_", "section_"))  # a sign, and what no order is without
_ORDER_ANYWHERE = re.compile(r":(?=:)|#(?=#)|(?<=section)_(?=start:|end:)")


def visible(text: str) -> str:
    r"""*text* with all that is invisible or misleading written out: `\x..`, `\u....`, `\U...`.

    That is: controls, line ends, bidi and other format characters, every blank but the space,
    lone surrogates, unassigned and private characters, piled-up or leading combining marks, and
    Cyrillic or Greek look-alikes inside a word that also has Latin letters. A backslash is doubled
    where it would read as one of these escapes, so that two texts never look the same.
    """
    return _written_out(text, None)


def terminal(text: str) -> str:
    """For a terminal: one line, nothing invisible, nothing a CI log would take for an order.

    What is printed in a terminal is printed in CI logs too, so leading `::` and any `##[` or
    `##vso[` are broken here already.
    """
    return _written_out(text, _ORDER)


def advice(text: str) -> str:
    r"""As `terminal`, for what somebody is told to write: a backslash stays as it is.

    It has to work as it is copied, and `\\x07` is not `\x07`.
    """
    return _written_out(text, _ORDER, doubling=False)


def quoted(text: str, *, most: int | None = None) -> str:
    """`terminal`, in double quotes: a name can then not pass for a line of ours.

    *most*: cap of characters (see `cap`).
    """
    shown = _written_out(text, _ORDER, quotes=True)
    return f'"{shown}"' if most is None else f'"{cap(shown, most)}"'


def all_quoted(texts: Sequence[str]) -> list[str]:
    """`quoted` for each of *texts*: where there is nothing to write out in any, all at once."""
    together = " ".join(texts)
    odd = not together.isascii() or together.encode().translate(None, _PLAIN)
    # one character is looked for many times faster than more
    if odd or any(sign in together and order in together for sign, order in _ORDERS):
        return [quoted(text) for text in texts]
    return [f'"{text}"' for text in texts]


def ci_log(text: str) -> str:
    """For a GitHub, GitLab or Azure log: as `terminal`, and no `::` or `##` anywhere."""
    return _written_out(text, _ORDER_ANYWHERE)


def cap(text: str, most: int) -> str:
    """*text* cut after *most* characters; the ellipsis says how many are not shown."""
    left_out = len(text) - most
    return text if left_out <= 0 else f"{text[:most]}… ({left_out} more characters)"


_BACKTICKS = re.compile("`+")
_PIPES = re.compile(r"(\\*)\|")
# A word that no Markdown dialect acts upon: letters and digits joined by single `-`, `'` or `/`,
# a number, a time; in brackets or quotes, with the punctuation of a sentence behind it. Whatever
# is not ASCII is a letter here.
_LETTERS = r"[^\x00-/:-@\[-`{-\x7f]+"  # told by what it is not, a set is compiled at once
_WORDS = re.compile(
    rf"""\(?["']?(?:{_LETTERS}(?:[-'/]{_LETTERS})*%?|\d+(?:[.,]\d+)+%?|\d\d(?::\d\d)+)"""
    r"""["']?[.,;:!?]?\)?[.,;:]?"""
)
_ACTED_UPON = re.compile(
    r"(?i)\(?[\"']?(?:(?:.*\W)?gh-\d.*|[0-9a-f]{7,40}|\d+[.)]+)[\"']?[.,;:!?]?\)?[.,;:]?"
)
_TICKET = re.compile(r"(?!GH-)[A-Z][A-Z0-9]{1,9}-[0-9]{1,10}")


def markdown_code(text: str, *, cell: bool = False) -> str:
    """For a name, id or path in Markdown: a code span, in which nothing links or formats.

    Its fence is longer than any run of backticks inside. *cell*: it stands in a table, whose cells
    end at a bare `|`. What is shown can be copied as it is: nothing invisible is added.
    """
    return _code_span(terminal(text), cell=cell)


def _code_span(shown: str, *, cell: bool) -> str:
    if not shown:
        return "(empty)"
    if cell:  # a backslash before the bar would be read with the one that we put there
        shown = _PIPES.sub(lambda found: rf"{found[1]}{found[1]}\|", shown)
    fence = "`" * (1 + max(map(len, _BACKTICKS.findall(shown)), default=0))
    blanks = " " if (shown[0] in "` " or shown[-1] in "` ") and shown.strip(" ") else ""
    return f"{fence}{blanks}{shown}{blanks}{fence}"


def markdown(text: str, *, cell: bool = False) -> str:
    """For a sentence in Markdown: plain words stay words, anything else stands in code spans."""
    said: list[str] = []
    odd: list[str] = []
    for word in terminal(text).split(" "):
        if _WORDS.fullmatch(word) and not _ACTED_UPON.fullmatch(word):
            if odd:
                said.append(_code_span(" ".join(odd), cell=cell))
                odd = []
            said.append(word)
        else:
            odd.append(word)
    if odd and (said or any(odd)):
        said.append(_code_span(" ".join(odd), cell=cell))
    return " ".join(said)


def markdown_ticket(text: str, *, cell: bool = False) -> str:
    """For a ticket in Markdown: bare where it is one (`CHG-1001`), so that a host can link it."""
    return text if _TICKET.fullmatch(text) else markdown_code(text, cell=cell)


def html(text: str) -> str:
    """For HTML text and quoted attribute values; harmless too if the page is printed in a log."""
    from html import escape  # its table of entities is large, and most runs write no HTML

    escaped = escape(visible(text), quote=True)
    return escaped.replace("##", "&#35;&#35;").replace("::", "&#58;&#58;")


def xml(text: str) -> str:
    """For XML text and quoted attribute values; characters XML 1.0 forbids are written out."""
    return html(text)


_FORMULA = re.compile(r"^\s*[=+\-@\uff1d\uff0b\uff0d\uff20|%]")
_FORMULA_INSIDE = re.compile(r"([;|]\s*)(?=[=+\-@])")


def csv(text: str) -> str:
    """For one CSV cell (before the writer's quotes): never a formula, whatever the separator.

    Harmless too if the table is printed in a log.
    """
    shown = _FORMULA_INSIDE.sub(r"\1'", terminal(text))
    return f"'{shown}" if _FORMULA.match(shown) else shown


def github_data(text: str) -> str:
    """For the message of a workflow command (`::error ...::message`)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def github_property(text: str) -> str:
    """For a property of a workflow command (`file=`, `title=`)."""
    return github_data(text).replace(":", "%3A").replace(",", "%2C")


_FEWEST = 10  # below that, six open digits would leave too little hidden


def mask_number(text: str) -> str:
    """A phone number as it may be shown: first two, dots, last four; a short one all dots."""
    if len(text) < _FEWEST:
        return "•" * len(text)
    return f"{text[:2]}{'•' * (len(text) - 6)}{text[-4:]}"


_PHONE = re.compile(r"\+?[0-9 ().-]{3,}")


def mask_part(text: str) -> str:
    """A target's part as it may be shown: masked if it can be a phone number, else whole."""
    return mask_number(text) if _PHONE.fullmatch(text) else text


# ---------------------------------------------------------------- writing out


def _written_out(
    text: str, orders: re.Pattern[str] | None, *, quotes: bool = False, doubling: bool = True
) -> str:
    plain = text.isascii() and text.isprintable()
    harmless = plain and "\\" not in text and not (quotes and '"' in text)
    if harmless and (orders is None or orders.search(text) is None):
        return text  # as nearly every text is
    marked = set() if plain else _hidden(text)
    if orders is not None:
        marked.update(found.start() for found in orders.finditer(text))
    doubled: set[int] = set()
    if doubling and "\\" in text:
        doubled = _ambiguous(text, marked, quotes=quotes)
    if quotes and '"' in text:
        doubled.update(at for at, c in enumerate(text) if c == '"')
    if not marked and not doubled:
        return text
    return "".join(
        _code(c) if at in marked else f"\\{c}" if at in doubled else c for at, c in enumerate(text)
    )


def _code(character: str) -> str:
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _hidden(text: str) -> set[int]:
    found: set[int] = set()
    marks = _MOST_MARKS  # at the start a mark would sit on what stands before the text
    for at, character in enumerate(text):
        if not character.isprintable() or ord(character) in _BLANK:
            found.add(at)
            marks = _MOST_MARKS
        elif character > "\u02ff" and unicodedata.category(character) in ("Mn", "Me"):
            if marks >= _MOST_MARKS:
                found.add(at)
            marks += 1
        else:
            marks = 0
    if any(character in _LOOKS_LATIN for character in text):
        for word in _WORD.finditer(text):
            if _LATIN.search(word[0]):
                start = word.start()
                found.update(start + at for at, c in enumerate(word[0]) if c in _LOOKS_LATIN)
    return found


def _ambiguous(text: str, marked: set[int], *, quotes: bool) -> set[int]:
    """Places of the backslashes that stand before something that reads as an escape."""
    found: set[int] = set()
    for run in _RUN.finditer(text):
        end = run.end()
        following = text[end : end + 1]
        closes = quotes and following in ("", '"')
        if end in marked or closes or (following and following in _ESCAPES):
            found.update(range(run.start(), end))
    return found


def printable_json(text: str) -> str:
    """ASCII JSON *text* that a CI log takes for no order (`##[` is one, wherever it stands)."""
    return text.replace("##", "#\\u0023").replace("\x7f", "\\u007f")
