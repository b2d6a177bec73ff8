from xml.etree import ElementTree

import pytest

from reconciler.model import PlanDocument, ReportDocument
from tests.support.render_samples import (
    hostile_plan,
    hostile_report,
    sample,
    sample_report,
    seen,
)

# What the schema that Jenkins' xUnit plug-in checks against knows: attributes (required ones with a
# star) and children of each element.
KNOWN: dict[str, tuple[str, str]] = {
    "testsuites": ("name time tests failures errors", "testsuite"),
    "testsuite": (
        "name* tests* failures* errors* group time skipped timestamp hostname id package file"
        " log url",
        "testsuite properties testcase system-out system-err",
    ),
    "properties": ("", "property"),
    "property": ("name* value*", ""),
    "testcase": (
        "name* time classname group",
        "skipped error failure system-out system-err",
    ),
    "skipped": ("type message", ""),
    "error": ("type message", ""),
    "failure": ("type message", ""),
}


@pytest.mark.parametrize("value", [sample(), sample_report(), hostile_plan(), hostile_report()])
def test_junit_has_only_what_jenkins_takes(value: PlanDocument | ReportDocument) -> None:
    root = ElementTree.fromstring(seen("junit", value))
    for element in root.iter():
        attributes, children = KNOWN[element.tag]
        names = attributes.split()
        assert set(element.keys()) <= {one.rstrip("*") for one in names}
        assert {one.rstrip("*") for one in names if one.endswith("*")} <= set(element.keys())
        assert {child.tag for child in element} <= set(children.split())


def test_junit_fails_violations_and_doubts_and_skips_refusals() -> None:
    root = ElementTree.fromstring(seen("junit", sample()))
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("170", "1", "0")
    assert sum(int(suite.get("skipped", 0)) for suite in root) == 6
    root = ElementTree.fromstring(seen("junit", sample_report()))
    counts = [root.get(one) for one in ("tests", "failures", "errors")]
    assert counts == ["75", "2", "1"]
    assert sum(int(suite.get("skipped", 0)) for suite in root) == 31


def test_a_manifest_is_a_suite_that_says_who_why_and_under_which_ticket() -> None:
    root = ElementTree.fromstring(seen("junit", sample()))
    suite = next(one for one in root if one.get("name") == "retire-2024 (push-prod)")
    assert suite.get("file") == "manifests/retire-2024.yaml"
    told = {one.get("name"): one.get("value") for one in suite.iter("property")}
    assert told["owner"] == "lifecycle-marketing"
    assert told["ticket"] == "CHG-10421"
    assert (told["reason"] or "").startswith("The season is over")
    refused = next(one for one in suite.iter("skipped") if one.get("type") == "protected")
    assert refused.get("message") == "Legal hold LH-7 (manifests/retire-2024.yaml:14)"
