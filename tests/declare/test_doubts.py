"""Patterns that are right and probably not meant: told, with the way to write what was meant."""

import pytest

from reconciler.declare import manifests
from reconciler.errors import Diagnostic
from tests.declare import test_project

HEAD = """apiVersion: reconciler/v1
kind: CampaignAbsence
metadata: {name: one}
spec:
  account: push
"""


def told(entry: str, role: str = "absent") -> list[Diagnostic]:
    text = f"{HEAD}  {role}:\n    - {entry}\n"
    found, problems = manifests.load([("m.yaml", text.encode())], None)
    assert len(found) == 1, problems
    return problems


@pytest.mark.parametrize(
    ("entry", "column", "fix"),
    [
        ("name: 'Diwali *'", 13, 'for a pattern write `match: {name: "Diwali *"}`'),
        ("match: {name: 'N.*'}", 21, 'for a regex write `nameRegex: "N.*"`'),
        ("match: {name: '^Test *'}", 21, 'for a regex write `nameRegex: "^Test *"`'),
        ("match: {name: '(Test|QA) *'}", 21, 'for a regex write `nameRegex: "(Test|QA) *"`'),
        ("match: {name: 'Diwali%'}", 21, 'for any text write `*`: "Diwali*"'),
        ("match: {nameRegex: 'Test *'}", 26, 'for a glob write `name: "Test *"`; for any text in'
         " a regex, `.*`"),
        ("match: {nameRegex: '/test.*/i'}", 26, 'write "test.*"; `(?i)` before it is for any case'),
        ("match: {name: 'old.*test'}", 21, 'for a regex write `nameRegex: "old.*test"`'),
        ("match: {name: '{old,test} *'}", 21, "for a choice write a match for each, or `nameRegex`"
         " with `(one|other)`"),
        ("match: {name: '[^x]*'}", 21, 'for any character but these write `[!`: "[!x]*"'),
        ("match: {name: '[TEST] *'}", 21, 'for the brackets themselves write "[[]TEST] *"'),
        ("match: {name: '*[QA]'}", 21, 'for the brackets themselves write "*[[]QA]"'),
        ("match: {nameRegex: '[TEST] .*'}", 26, 'for the brackets themselves write'
         r' "\\[TEST\\] .*"'),
        ("match: {olderThan: 3m}", 26, "for months write days: 90d"),
        ("match: {updatedWithin: 1m}", 30, "for months write days: 30d"),
        ("match: {labels: {team: 'gr*'}}", 30, "write the whole value; labels have no patterns"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("role", ["absent", "keep"])
def test_a_pattern_of_another_kind_is_told(entry: str, column: int, fix: str, role: str) -> None:
    (one,) = told(entry, role)
    assert (one.severity, one.code, one.line, one.column) == ("warning", "pattern", 7, column)
    assert one.fix == fix


def test_a_name_that_a_block_has_ended_with_a_line_end_is_told() -> None:
    (one,) = told("name: |\n        Diwali")
    assert one.fix == 'write "Diwali" on one line'


def test_a_protection_of_the_project_is_told_as_well() -> None:
    text = test_project.written("guards: {protect: [{name: 'Legal *', because: LH-7}]}")
    _, found = test_project.load(text)
    assert [(one.code, one.severity) for one in found] == [("pattern", "warning")]


@pytest.mark.parametrize(
    "entry",
    [
        "name: '5* hotel'",
        "name: Ready?",
        "match: {name: 'Mr. *'}",
        "match: {name: 'Release 1.*'}",
        "match: {name: 'Sale 50%'}",
        "match: {name: '[a-z]* (B)'}",
        "match: {name: 'US$ *'}",
        "match: {name: '[Tt]est *'}",
        "match: {name: '[AB] test *'}",
        "match: {name: 'v[12] *'}",
        "match: {name: '[31] *'}",
        "match: {name: '[[]TEST] *'}",
        "match: {name: 'Hi {name} *'}",
        "match: {nameRegex: '[QqAa]ll .*'}",
        "match: {olderThan: 45m}",
        "match: {olderThan: 90s}",
        "match: {olderThan: 12h}",
        "match: {nameRegex: '(Test|QA) .*'}",
        "match: {nameRegex: 'colou*r'}",
        "match: {nameRegex: '[a-z]*'}",
        "match: {labels: {path: 'a/b'}}",
    ],
)
def test_what_is_plainly_meant_is_not(entry: str) -> None:
    assert told(entry) == []
