import csv
import html
import io
import re
import unicodedata
from collections.abc import Callable
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler import safe

# Text as an attacker writes it: any code point at all, and pieces that mean something somewhere.
PIECES = st.sampled_from(
    [
        "::",
        "##[",
        "##vso[",
        "\\",
        "\\x1b",
        "\x1b[2J",
        '"',
        "`",
        "@a",
        "#1",
        "|",
        "<b>",
        "&lt;",
        "</",
    ]
    + ["]]>", "=1", "\n", "\r", "\t", " ", "\u202e", "\u200b", "http://", "![](", ":a:", "section_"]
    + ["start:", "\ufe0f", "\u0301", "\u0430", "a", "GH-", "1", "%0A", "\ud800", "\x85", "_"]
)
HOSTILE = st.lists(PIECES | st.characters(), max_size=12).map("".join)
ESCAPE = re.compile(r"\\x([0-9a-f]{2})|\\u([0-9a-f]{4})|\\U([0-9a-f]{8})|\\\\")


def hidden(text: str) -> list[str]:
    return [c for c in text if not c.isprintable()]


def read_back(shown: str, *, quotes: bool = False) -> str:
    """Undo the writing out: an even run of backslashes before an escape is backslashes."""

    def run(found: re.Match[str]) -> str:
        slashes, rest = found[1], found[2]
        code = re.match(r"x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}", rest)
        ambiguous = rest[:1] in tuple("xuU\\") or (quotes and rest[:1] in ("", '"'))
        if not ambiguous:
            return found[0]
        keep = "\\" * (len(slashes) // 2)
        if len(slashes) % 2 == 0:
            return keep + rest
        if quotes and rest[:1] == '"':
            return keep + rest
        assert code is not None, shown
        return keep + chr(int(code[0][1:], 16)) + rest[code.end() :]

    return re.sub(r"(\\+)([^\\]*)", run, shown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x\x1b[2J", r"x\x1b[2J"),
        ("a\u202eb", r"a\u202eb"),
        ("a\u200bb", r"a\u200bb"),
        ("a\u00a0b\u2003c", r"a\xa0b\u2003c"),
        ("\ud800", r"\ud800"),
        ("a\U000e0041", r"a\U000e0041"),
        ("a\nb\r\tc", r"a\x0ab\x0d\x09c"),
        ("\u3164", r"\u3164"),
        ("Diw\u0430li", r"Diw\u0430li"),
        ("::error::x", r"\x3a:error::x"),
        ("a ::error::x", r"a \x3a:error::x"),
        ("##[add-mask]e", r"\x23#[add-mask]e"),
        ("a##vso[b", r"a\x23#vso[b"),
        ("section_start:1:a", r"section\x5fstart:1:a"),
        ("Grüße, दिवाली प्रस्ताव, 音声, Распродажа, Ελλάδα", None),
        (r"CHG-\d{4,}", None),
        ("Diwali 2024 teaser: 50% off!", None),
        ("a::b ## c #1", None),
    ],
)
def test_a_terminal_shows_what_is_hidden_and_leaves_the_rest(text: str, shown: str | None) -> None:
    assert safe.terminal(text) == (text if shown is None else shown)


@given(HOSTILE)
def test_a_terminal_never_gets_a_control_or_format_character(text: str) -> None:
    for shown in (safe.terminal(text), safe.quoted(text), safe.ci_log(text), safe.visible(text)):
        assert not hidden(shown)
        assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in shown)


@given(HOSTILE)
def test_two_texts_never_look_the_same(text: str) -> None:
    assert read_back(safe.terminal(text)) == text
    assert read_back(safe.quoted(text)[1:-1], quotes=True) == text


@given(HOSTILE)
def test_a_quoted_text_ends_where_its_quotes_say(text: str) -> None:
    assert re.fullmatch(r'"(?:[^"\\]|\\.)*"', safe.quoted(text).replace("\\\\", ""))


@given(st.lists(HOSTILE, max_size=3))
def test_no_line_of_a_log_gives_the_runner_an_order(texts: list[str]) -> None:
    for line in (*map(safe.ci_log, texts), *map(safe.terminal, texts)):
        for broken in line.split(" "):  # wherever a view may break the line
            assert not broken.lstrip().startswith("::")
        assert not re.search(r"##(\[|[a-zA-Z]+\[)", line)
        assert not re.search(r"section_(start|end):", line)
    assert not any("::" in safe.ci_log(text) or "##" in safe.ci_log(text) for text in texts)


class Page(HTMLParser):
    """What a browser would see: tags, and the text between them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(f"/{tag}")

    def handle_comment(self, data: str) -> None:
        self.tags.append("!")

    def handle_decl(self, decl: str) -> None:
        self.tags.append("!")

    def handle_pi(self, data: str) -> None:
        self.tags.append("?")

    def handle_data(self, data: str) -> None:
        self.text += data


def markdown_page(text: str) -> Page:
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return Page(reader.render(text))


def github_page(text: str) -> Page:
    import cmarkgfm
    from cmarkgfm.cmark import Options

    return Page(cmarkgfm.github_flavored_markdown_to_html(text, Options.CMARK_OPT_UNSAFE))


def in_a_cell(text: str) -> str:
    """What a table shows: a bar's backslashes are doubled, apart from the one that we add."""
    return re.sub(r"(\\+)(?=\|)", r"\1\1", text)


READERS = pytest.mark.parametrize("reader", [markdown_page, github_page])


@READERS
@settings(max_examples=40)
@given(HOSTILE)
def test_markdown_reads_as_the_text_in_words_and_code(
    reader: Callable[[str], Page], text: str
) -> None:
    expected = safe.terminal(text)
    for before, cell in (("x ", False), ("- x ", False), ("> x ", False), (TABLE, True)):
        found = reader(f"{before}{safe.markdown(text, cell=cell)}{' |' if cell else ''}")
        assert {one.strip("/") for one in found.tags} <= ALLOWED
        shown = in_a_cell(expected) if cell else expected
        assert shown.strip(" ") in found.text


ALLOWED = {"p", "ul", "li", "blockquote", "code", "table", "thead", "tbody", "tr", "th", "td"}
TABLE = "| a |\n|---|\n| "


@READERS
@settings(max_examples=40)
@given(HOSTILE)
def test_markdown_code_is_one_code_element_with_the_text(
    reader: Callable[[str], Page], text: str
) -> None:
    expected = safe.terminal(text)
    found = reader(f"x {safe.markdown_code(text)} y")
    assert found.tags == (["p", "code", "/code", "/p"] if text else ["p", "/p"])
    assert found.text.strip() == f"x {expected or '(empty)'} y"
    found = reader(f"{TABLE}{safe.markdown_code(text, cell=True)} | b |")
    assert in_a_cell(expected) in found.text
    assert found.tags.count("td") == 1


@settings(max_examples=40)
@given(HOSTILE)
def test_markdown_leaves_no_mention_reference_or_emoji_outside_of_code(text: str) -> None:
    outside = re.sub(r"(`+).*?(?<!`)\1(?!`)", "", f"x {safe.markdown(text)}")
    assert not re.search(r"[@#!~$](?=\w)|:(?=\w+:)|://\S|(?<!\w)(?i:gh-)\d|www\.\w", outside)
    assert "\u200b" not in outside


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("The season is over, and (really) nobody's asked.", None),
        ("61 deletions, 50 are allowed: 11 too many (limit)", None),
        ("made 2026-11-20 09:00:40 UTC; 1,000 of 2.5%", None),
        ("दिवाली is over", None),
        ("see #12 and @org/team now", "see `#12` and `@org/team` now"),
        ("1. first", "`1.` first"),
        ("a@b.example www.x.example", "`a@b.example www.x.example`"),
        ("fixes GH-12 in deadbeef", "fixes `GH-12` in `deadbeef`"),
    ],
)
def test_plain_words_stay_words_in_markdown(text: str, shown: str | None) -> None:
    assert safe.markdown(text) == (shown or text)


@pytest.mark.parametrize(
    ("text", "shown"), [("CHG-10421", "CHG-10421"), ("GH-1", "`GH-1`"), ("CHG 1", "`CHG 1`")]
)
def test_only_a_ticket_stays_bare(text: str, shown: str) -> None:
    assert safe.markdown_ticket(text) == shown


@given(HOSTILE)
def test_html_reads_as_the_text_in_an_element_and_in_an_attribute(text: str) -> None:
    page = Page(f"<p>{safe.html(text)}</p>")
    assert page.tags == ["p", "/p"]
    assert page.text == safe.visible(text)
    attribute = re.fullmatch(r'<p title="([^"]*)">', f'<p title="{safe.html(text)}">')
    assert attribute is not None
    assert html.unescape(attribute[1]) == safe.visible(text)


@given(HOSTILE)
def test_xml_reads_as_the_text(text: str) -> None:
    element = ElementTree.fromstring(f'<a b="{safe.xml(text)}">{safe.xml(text)}</a>')
    assert (element.text or "") == element.get("b") == safe.visible(text)


@given(HOSTILE)
def test_no_csv_cell_is_a_formula(text: str) -> None:
    made = io.StringIO()
    csv.writer(made, quoting=csv.QUOTE_ALL).writerow([safe.csv(text)])
    (row,) = csv.reader(io.StringIO(made.getvalue()))
    assert not row[0].lstrip().startswith(("=", "+", "-", "@", "|", "%"))
    assert not re.search(r"[;|]\s*[=+\-@]", row[0])
    assert len(made.getvalue().splitlines()) == 1


@pytest.mark.parametrize("text", ["=1+1", " =1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1", "a;=1"])
def test_formulas_are_defused(text: str) -> None:
    assert safe.csv(text) != text


def test_workflow_commands_are_escaped_as_the_runner_reads_them() -> None:
    assert safe.github_data("a%0A\r\n,:") == "a%250A%0D%0A,:"
    assert safe.github_property("a%\r\n,:") == "a%25%0D%0A%2C%3A"


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("918187867008", "91••••••7008"),
        ("61412345678", "61•••••5678"),
        ("8187867008", "81••••7008"),
        ("123456789", "•••••••••"),
        ("1234", "••••"),
        ("", ""),
    ],
)
def test_a_number_shows_its_first_two_and_last_four(number: str, shown: str) -> None:
    assert safe.mask_number(number) == shown


def test_a_part_that_is_no_number_stays() -> None:
    assert safe.mask_part("6F1C0D9E-0001") == "6F1C0D9E-0001"
    assert safe.mask_part("+91 8187 867008") != "+91 8187 867008"


def test_a_cap_says_how_much_is_not_shown() -> None:
    assert safe.cap("abcdef", 6) == "abcdef"
    assert safe.cap("abcdef", 4) == "abcd… (2 more characters)"


def test_what_somebody_is_told_to_write_works_as_it_is_copied() -> None:
    assert safe.terminal(r'write "\x07"') == r'write "\\x07"'
    assert safe.advice(r'write "\x07"') == r'write "\x07"'
    assert safe.advice("\x1b[31m ##[group]") == safe.terminal("\x1b[31m ##[group]")
