"""`keepCopy`: what the vendor itself says of a campaign, kept before it is deleted."""

import hashlib
import io
import json
import tarfile
from typing import Any

import pytest

from tests.apply.test_identity import only
from tests.support.apply_site import Site, campaigns, sandbox


@pytest.fixture
def kept(site: Site, request: pytest.FixtureRequest) -> Site:
    name = getattr(request, "param", "push")
    site.accounts = {name: site.accounts[name] + ", keepCopy: true"}
    only(site, name)
    site.write()
    site.plan()
    return site


def copies(site: Site) -> list[dict[str, Any]]:
    found = []
    for one in sorted((site.root / ".reconciler" / "copies").iterdir()):
        data = one.read_bytes()
        assert one.name == f"{hashlib.sha256(data).hexdigest()}.json"
        found.append(json.loads(data))
    return found


def digests(site: Site) -> set[str]:
    return {f"sha256:{one.stem}" for one in (site.root / ".reconciler" / "copies").iterdir()}


@pytest.mark.parametrize("kept", ["push", "ios", "contact"], indirect=True)
def test_what_the_vendor_says_of_each_campaign_is_kept(kept: Site) -> None:
    (name,) = kept.accounts
    code, _ = kept.outcomes()
    assert code == 0, kept.err
    found = copies(kept)
    assert sorted(one["id"] for one in found) == [f"{name}-old-{n}" for n in range(3)]
    for one in found:
        assert one["account"] == name
        assert one["campaign"]["name"].startswith("old")
        assert any(one["id"] in answer["body"] for answer in one["answers"])
        # Of the others that a listing shows, nothing is kept.
        assert not any(f"{name}-new" in answer["body"] for answer in one["answers"])


def test_a_copy_is_kept_before_the_deletion_and_named_in_the_log(kept: Site) -> None:
    assert kept.apply() == 0
    log = (kept.root / ".reconciler" / "audit.ndjson").read_text().splitlines()
    named = [one["copy"] for one in map(json.loads, log) if one["type"] == "target"]
    assert len(named) == 3
    files = {one.stem for one in (kept.root / ".reconciler" / "copies").iterdir()}
    assert {one.removeprefix("sha256:") for one in named} == files
    methods = [row["method"] for row in kept.ledger()]
    assert methods.index("GET") < methods.index("POST")


def test_copies_are_in_the_evidence_and_verify(kept: Site) -> None:
    assert kept.apply() == 0
    assert kept.run("evidence", "plan.json", "--out", "e.tar.gz") == 0
    assert kept.run("verify", "e.tar.gz") == 0
    data = (kept.root / "e.tar.gz").read_bytes()
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as tar:
        names = [one for one in tar.getnames() if one.startswith("copies/")]
    assert len(names) == 3


def test_the_report_names_the_copy_of_each_target_also_once_its_run_is_over(kept: Site) -> None:
    _, report = kept.report("--limit", "1")
    first = [one["copy"] for one in report["targets"]]
    assert first[0]
    assert first[1:] == [None, None]
    assert kept.report()[0] == 0
    _, again = kept.report()  # nothing is left to do
    told = [one["copy"] for one in again["targets"]]
    assert told[0] == first[0]
    assert set(told) == digests(kept)
    assert kept.run("evidence", "plan.json", "--out", "e.tar.gz") == 0
    assert kept.run("verify", "e.tar.gz") == 0
    data = (kept.root / "e.tar.gz").read_bytes()
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as tar:
        packed = tar.extractfile("report.json")
        assert packed is not None
        assert {one["copy"] for one in json.load(packed)["targets"]} == digests(kept)


@pytest.mark.parametrize("found", ["a look", "a person"])
def test_whoever_ends_a_doubt_names_the_copy_that_was_kept_before_it(
    bare: Site, found: str
) -> None:
    """The journal names a copy before the request leaves."""
    bare.accounts = {"push": bare.accounts["push"] + ", keepCopy: true"}
    only(bare, "push")
    with sandbox("drop-after=2") as url:  # after its look, it happens, and no answer comes
        bare.url = url
        bare.write()
        bare.plan()
        assert bare.apply("--limit", "1", "--max-wait", "0s") == 6
        (copy,) = digests(bare)
        if found == "a look":
            bare.age(3600)
            assert bare.run("settle") == 0, bare.err
        else:
            said = ("--as", "deleted", "push/push-old-0", "--because", "seen")
            assert bare.run("settle", *said) == 0
    log = map(json.loads, (bare.root / ".reconciler" / "audit.ndjson").read_text().splitlines())
    ended = [one for one in log if one["type"] == "target"]
    assert [(one["outcome"], one["copy"]) for one in ended] == [
        ("in-doubt", copy),
        ("deleted", copy),
    ]


def test_a_copy_that_was_taken_away_is_told_as_missing(kept: Site) -> None:
    assert kept.apply() == 0
    next((kept.root / ".reconciler" / "copies").iterdir()).unlink()
    assert kept.run("evidence", "plan.json", "--out", "e.tar.gz") in (0, 1)
    assert kept.run("verify", "e.tar.gz") == 0
    assert "is not there" in kept.out


def test_no_secret_is_in_a_copy(kept: Site) -> None:
    assert kept.apply() == 0
    for one in (kept.root / ".reconciler" / "copies").iterdir():
        assert "sandbox-" not in one.read_text()


def test_where_a_copy_is_required_and_cannot_be_had_nothing_is_sent(site: Site) -> None:
    one = site.accounts["push"].replace("project: project_1", "project: project_9")
    site.accounts = {"push": one + ", keepCopy: required"}
    only(site, "push")
    site.write()
    site.plan()
    code, outcomes = site.outcomes()
    assert code == 5
    assert set(outcomes.values()) <= {"pending", "refused", "already-absent"}
    assert site.effects() == []
    assert [row for row in site.ledger() if row["method"] == "POST"] == []


def test_a_copy_cannot_be_required_of_a_driver_that_cannot_look(site: Site) -> None:
    site.accounts = {"dialer": site.accounts["dialer"] + ", keepCopy: required"}
    only(site, "dialer")
    site.write()
    assert site.run("validate") == 1
    assert "cannot look" in site.err
    assert len(campaigns()) > 0
