"""Hostile names, in every field that others write, through every view."""

import csv
import html
import io
import json
import re
import unicodedata
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from reconciler import views as render
from reconciler.model import Plan, Report
from reconciler.views import text
from tests.support.render_samples import DIGEST, HOSTILE, hostile_plan, hostile_report, sample

# `json` of a plan is the plan file's own bytes, which `planfile` answers for.
VIEWS = [
    *((f"plan-{name}", view, hostile_plan()) for name, view in render.PLAN_FORMATS.items()),
    *((f"report-{name}", view, hostile_report()) for name, view in render.REPORT_FORMATS.items()),
]
SEEN = {name: view(value, DIGEST) for name, view, value in VIEWS if name != "plan-json"}  # type: ignore[arg-type]
COLOURED = text.plan(hostile_plan(), color=True, width=80, everything=True)


@pytest.mark.parametrize("name", SEEN)
def test_no_view_holds_a_hidden_character(name: str) -> None:
    odd = {
        c
        for c in SEEN[name]
        if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c not in "\r\n"
    }
    assert not odd


def test_only_our_own_colours_reach_a_terminal() -> None:
    assert "\x1b" not in re.sub(r"\x1b\[(?:\d+)(?:;\d+)*m", "", COLOURED)


@pytest.mark.parametrize("name", SEEN)
def test_no_line_of_any_view_gives_a_runner_an_order(name: str) -> None:
    ours = r"\s*::(error|warning|notice) [^\n]*" if name.endswith("github") else r"(?!)"
    for line in re.split(r"[\r\n]+", SEEN[name]):
        assert not line.lstrip().startswith("::") or re.fullmatch(ours, line)
        assert not re.search(r"##(\[|vso\[)", line)
        assert "section_start:1:a\x1b" not in line


@pytest.mark.parametrize("width", [40, 80, 120, 100_000])
def test_no_name_passes_for_a_line_of_ours(width: int) -> None:
    for shown in (
        text.plan(hostile_plan(), color=False, width=width, everything=True),
        text.report(hostile_report(), None, color=False, width=width, everything=True),
    ):
        for line in shown.splitlines():
            whole = line.strip() if width > 120 else line
            assert not whole.startswith(("No changes.", "Nothing to delete"))


class Reader(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


@pytest.mark.parametrize("name", ["plan-html", "report-html"])
def test_a_page_has_no_element_and_no_address_of_others(name: str) -> None:
    seen = Reader(SEEN[name]).seen
    assert [tag for tag, _ in seen].count("script") == 1
    assert not {"img", "a", "link", "iframe", "object", "form"} & {tag for tag, _ in seen}
    assert not [attrs for _, attrs in seen if {"src", "href", "onclick", "style"} & set(attrs)]
    policy = next(a["content"] for t, a in seen if t == "meta" and "http-equiv" in a)
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


@pytest.mark.parametrize("name", ["plan-markdown", "report-markdown", "plan-github-summary"])
def test_a_comment_has_only_the_tags_we_write(name: str) -> None:
    from markdown_it import MarkdownIt

    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(SEEN[name])
    tags = {tag for tag, _ in Reader(page).seen}
    ours = {"h3", "p", "code", "strong", "em", "ul", "li", "details", "summary", "br"}
    assert tags <= ours | {"table", "thead", "tbody", "tr", "th", "td"}
    assert SEEN[name].count("<details>") == SEEN[name].count("</details>")
    outside = re.sub(r"<code>.*?</code>", "", page, flags=re.S)
    assert not re.search(r"@(?=\w)", html.unescape(re.sub(r"<[^>]*>", "", outside)))
    assert "evil.example/" not in outside


@pytest.mark.parametrize("name", ["plan-markdown", "report-markdown"])
def test_every_row_of_a_comment_has_all_its_cells(name: str) -> None:
    rows = [line for line in SEEN[name].splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} <= ({9, 8} if "plan" in name else {7})


@pytest.mark.parametrize("name", ["plan-csv", "report-csv"])
def test_no_cell_is_a_formula(name: str) -> None:
    rows = list(csv.reader(io.StringIO(SEEN[name])))
    assert len({len(row) for row in rows}) == 1
    assert not [c for row in rows for c in row if re.match(r"\s*[=+\-@]", c)]


@pytest.mark.parametrize("name", ["plan-junit", "report-junit"])
def test_junit_is_xml_with_unique_names_and_true_counts(name: str) -> None:
    root = ElementTree.fromstring(SEEN[name])
    for suite in root.iter("testsuite"):
        cases = suite.findall("testcase")
        assert len({case.get("name") for case in cases}) == len(cases) == int(suite.get("tests", 0))
        failures = [case for case in cases if case.find("failure") is not None]
        assert len(failures) == int(suite.get("failures", -1))


def _formats(kind: str, names: list[str]) -> list[str]:
    return [f"{kind}-{name}" for name in names]


@pytest.mark.parametrize(
    "name",
    [
        *_formats("plan", ["sarif", "terraform", "gitlab-terraform", "gitlab-codequality"]),
        "report-json",
    ],
)
def test_json_views_are_ascii_json(name: str) -> None:
    assert SEEN[name].isascii()
    json.loads(SEEN[name])


@pytest.mark.parametrize("name", SEEN)
def test_a_phone_number_is_masked_in_every_view(name: str) -> None:
    kind, _, form = name.partition("-")
    number = "918187867008"
    if kind == "plan":
        shown = render.PLAN_FORMATS[form](_plan_with(number), DIGEST)
    else:
        shown = render.REPORT_FORMATS[form](_report_with(number), DIGEST)
    assert number not in shown


def _plan_with(number: str) -> Plan:
    from reconciler.model import PlanWarning, Reason, Violation
    from tests.support.render_samples import action, campaign, plan_of

    record = campaign("dialer", "700", "Lead refill", phone_numbers=(number,))
    said = f"number {number} (+{number}) is odd"
    actions = [
        action("delete", Reason.DECLARED, record, parts=(number,)),
        action("refuse", Reason.UNSAFE_ID, record, parts=(number,), message=said),
    ]
    return plan_of(
        actions,
        warnings=(PlanWarning(code="x", message=said, path=None, line=None),),
        violations=(Violation(guard="max-deletions", account="dialer", message=said),),
    )


def _report_with(number: str) -> Report:
    from reconciler.model import Outcome
    from tests.support.render_samples import report_of, target

    said = f"No Record Found for {number}"
    return report_of(
        [target("dialer", "700", one, part=number, detail=said) for one in Outcome], exit_code=6
    )


def test_numbers_show_whole_when_asked() -> None:
    shown = text.plan(_plan_with("918187867008"), color=False, show_numbers=True)
    assert "918187867008" in shown
    assert "•" not in shown


def test_message_ids_are_no_phone_numbers() -> None:
    assert "6F1C0D9E-0001" in text.plan(sample(), color=False)


def test_the_samples_are_hostile() -> None:
    for piece in ("\x1b", "::", "##", "</details>", "`", "@", "![", "<script", "=", "No changes."):
        assert any(piece in one for one in HOSTILE)
