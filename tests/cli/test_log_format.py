"""`--log-format json`: everything on stderr is one JSON object a line."""

import json
from typing import Any

import pytest

from tests.support.apply_site import Site


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_run_is_told_as_json_lines(site: Site) -> None:
    site.plan()
    assert site.run("--log-format", "json", "apply", "plan.json", "--first-run") == 0
    told = lines(site.err)
    kinds = [one.get("type") for one in told]
    assert (kinds.count("run-started"), kinds.count("outcome")) == (1, 15)
    assert all(
        "message" in one and one["level"] in ("info", "warning")
        for one in told
        if "type" not in one
    )
    assert "91818" not in site.err  # numbers are masked


def test_a_pull_is_told_as_json_lines(site: Site) -> None:
    assert site.run("--log-format", "json", "inventory", "pull", "--account", "push") == 0
    assert [one for one in lines(site.err) if one.get("type")]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("plan", "--account", "nobody"), 64),
        (("validate", "--formatt", "x"), 64),
        (("apply", "missing.json"), 1),
        (("nonsense",), 64),
    ],
)
def test_an_error_is_one_object_too(site: Site, arguments: tuple[str, ...], code: int) -> None:
    assert site.run("--log-format", "json", *arguments) == code
    told = lines(site.err)
    assert told
    assert {one["level"] for one in told} == {"error"}


def test_a_diagnostic_keeps_its_place_and_its_fix(site: Site) -> None:
    site.manifest("push", name="a\\n##[error]b")
    (site.root / "manifests" / "odd.yaml").write_text("apiVersion: x\n")
    assert site.run("--log-format", "json", "validate") == 1
    (first, *_) = lines(site.err)
    assert first["level"] == "error"
    assert first["path"] == "manifests/odd.yaml"
    assert first["line"] >= 1
    assert first["fix"]
    assert "##[" not in site.err


def test_quiet_leaves_only_warnings_and_errors(site: Site) -> None:
    site.plan()
    assert site.run("--log-format", "json", "-q", "apply", "plan.json", "--first-run") == 0
    assert {one["level"] for one in lines(site.err)} <= {"warning", "error"}
