"""Hostile names, in every field that others write, through every view."""

import csv
import io
import json
import re
import unicodedata
from functools import cache
from xml.etree import ElementTree

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options

from reconciler import views
from reconciler.model import PlanDocument, ReportDocument
from reconciler.views import text
from reconciler.views.compared import COMPARISON_FORMATS
from reconciler.views.frame import Frame
from tests.support import compared_plans
from tests.support.markdown_readers import PARSERS, Pages, pages
from tests.support.nodes import strange, tags
from tests.support.render_samples import (
    DIGEST,
    HOSTILE,
    hostile_plan,
    hostile_report,
    sample,
    seen,
)

# `json` of a plan is the plan file's own bytes, which `planfile` answers for.
SEEN = {
    **{f"plan-{name}": seen(name, hostile_plan()) for name in views.PLAN_FORMATS if name != "json"},
    **{
        f"report-{name}": seen(name, hostile_report(), hostile_plan())
        for name in views.REPORT_FORMATS
    },
    "plan-bitbucket": "\n".join(
        "".join(one)
        for one in views.plan_parts(
            "markdown", hostile_plan(), Frame(digest=DIGEST, fit="bitbucket")
        )
    ),
    **{
        f"compared-{name}": compared_plans.shown(name, compared_plans.hostile_comparison())
        for name in COMPARISON_FORMATS
    },
    "plan-text-summary": "".join(text.plan_summary(hostile_plan(), color=False, width=80)),
}
COLOURED = "".join(text.plan(hostile_plan(), color=True, width=80, everything=True))


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
        text.plan_summary(hostile_plan(), color=False, width=width),
    ):
        for line in "".join(shown).splitlines():
            whole = line.strip() if width > 120 else line
            assert not whole.startswith(("No changes.", "Nothing to delete"))


@pytest.mark.parametrize("name", ["plan-html", "report-html"])
def test_a_page_has_no_element_and_no_address_of_others(name: str) -> None:
    found = tags(SEEN[name])
    names = [tag for tag, _ in found]
    assert [attrs.get("type") for tag, attrs in found if tag == "script"] == [
        *("application/json", "application/json", None)
    ]
    assert not {"img", "iframe", "object", "embed", "base"} & set(names)
    assert [attrs.get("href") for tag, attrs in found if tag == "link"] == ["data:,"]
    assert all((attrs.get("href") or "").startswith("#") for tag, attrs in found if tag == "a")
    odd = {key for _, attrs in found for key in attrs if key.startswith("on")}
    assert not odd | ({"src", "style", "action", "srcdoc"} & {k for _, a in found for k in a})
    policy = next(attrs["content"] for tag, attrs in found if "http-equiv" in attrs)
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


MARKDOWN = [
    *("plan-markdown", "report-markdown", "plan-github-summary", "report-github-summary"),
    *("plan-bitbucket", "compared-markdown"),
]


@cache
def read() -> dict[str, Pages]:
    return dict(zip(MARKDOWN, pages([SEEN[name] for name in MARKDOWN]), strict=True))


@pytest.mark.parametrize("name", MARKDOWN)
@pytest.mark.parametrize("parser", PARSERS)
def test_a_comment_has_only_the_nodes_we_write(name: str, parser: str) -> None:
    assert strange(read()[name][parser]) == []


def test_what_a_name_could_do_unescaped_is_seen() -> None:
    bare = ["a <b>c</b>", "hello @org/team", "![x](http://evil.example/a.png)", "## no", "a | b"]
    for one, made in zip(bare, pages(bare), strict=True):
        assert [parser for parser in PARSERS if not strange(made[parser])] == [], one


@pytest.mark.parametrize("name", MARKDOWN)
def test_every_row_of_a_comment_has_all_its_cells(name: str) -> None:
    page = cmarkgfm.github_flavored_markdown_to_html(SEEN[name], Options.CMARK_OPT_UNSAFE)
    for table in re.findall(r"<table>(.*?)</table>", page, re.S):
        rows = re.findall(r"<tr>(.*?)</tr>", table, re.S)
        assert len({len(re.findall(r"<t[dh]", row)) for row in rows}) == 1


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
        *_formats("plan", ["sarif", "terraform-json", "gitlab-terraform", "gitlab-codequality"]),
        *_formats("report", ["json", "sarif", "gitlab-codequality"]),
    ],
)
def test_json_views_are_ascii_json(name: str) -> None:
    assert SEEN[name].isascii()
    json.loads(SEEN[name])


@pytest.mark.parametrize("name", [one for one in views.PLAN_FORMATS if one != "json"])
def test_a_phone_number_is_masked_in_every_view_of_a_plan(name: str) -> None:
    assert "918187867008" not in seen(name, _plan_with("918187867008"))


@pytest.mark.parametrize("name", views.REPORT_FORMATS)
def test_a_phone_number_is_masked_in_every_view_of_a_report(name: str) -> None:
    assert "918187867008" not in seen(name, _report_with("918187867008"))


def _plan_with(number: str) -> PlanDocument:
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


def _report_with(number: str) -> ReportDocument:
    from reconciler.model import Outcome
    from tests.support.render_samples import report_of, target

    said = f"No Record Found for {number}"
    return report_of(
        [target("dialer", "700", one, part=number, detail=said) for one in Outcome], exit_code=6
    )


def test_numbers_show_whole_when_asked() -> None:
    shown = "".join(text.plan(_plan_with("918187867008"), color=False, show_numbers=True))
    assert "918187867008" in shown
    assert "•" not in shown


def test_message_ids_are_no_phone_numbers() -> None:
    assert "6F1C0D9E-0001" in "".join(text.plan(sample(), color=False))


def test_the_samples_are_hostile() -> None:
    for piece in ("\x1b", "::", "##", "</details>", "`", "@", "![", "<script", "=", "No changes."):
        assert any(piece in one for one in HOSTILE)
