"""Single targets of a saved plan: `--target` and `--exclude`, at the sandbox."""

import json
from itertools import product

import pytest

from tests.support.apply_site import NUMBERS, Site, free_port, sandbox


def pending(site: Site, *options: str) -> dict[str, str]:
    """What a run with *options* leaves pending, each with its detail."""
    assert site.apply("--first-run", "--show-numbers", "--format", "json", *options) == 5, site.err
    found: dict[str, str] = {}
    for one in json.loads(site.out)["targets"]:
        part = f"#{one['part']}" if one["part"] else ""
        if one["outcome"] == "pending":
            found[f"{one['account']}/{one['id']}{part}"] = one["detail"]
    return found


def test_only_the_target_is_deleted_and_the_plan_goes_on_later(site: Site) -> None:
    site.plan()
    left = pending(site, "--target", "push/push-old-1")
    assert site.effects() == ["push/push-old-1"]
    assert set(left.values()) == {"left out by --target"}
    assert "push/push-old-0" in left
    assert site.apply("--first-run") == 0, site.err
    assert len(site.effects()) == len(set(site.effects()))
    assert "push/push-old-0" in site.effects()


def test_all_but_the_excluded_is_deleted(site: Site) -> None:
    site.plan()
    left = pending(site, "--exclude", "push/push-old-1", "--exclude", "dialer/d0")
    excluded = {"push/push-old-1", *(f"dialer/d0#{number}" for number in NUMBERS)}
    assert left == dict.fromkeys(excluded, "left out by --exclude")
    assert "push/push-old-1" not in site.effects()


def test_what_is_excluded_is_left_out_even_if_it_is_asked_for(site: Site) -> None:
    site.plan()
    left = pending(site, "--target", "dialer/d0", "--exclude", f"dialer/d0#{NUMBERS[0]}")
    assert left.pop(f"dialer/d0#{NUMBERS[0]}") == "left out by --exclude"
    assert set(left.values()) == {"left out by --target"}
    (sent,) = [row for row in site.ledger() if row["effect"]]
    assert sent["effect"] == [f"dialer/d0#{NUMBERS[1]}"]


@pytest.mark.parametrize("left_out", [0, 1])
def test_a_batch_joins_only_what_is_asked_for(site: Site, left_out: int) -> None:
    """Names times numbers: one number of one name left out, and no request has that pair."""
    site.plan("--account", "dialer")
    spared = f"dialer/d1#{NUMBERS[left_out]}"
    assert pending(site, "--exclude", spared) == {spared: "left out by --exclude"}
    effects = {one for row in site.ledger() for one in row["effect"]}
    every = {f"dialer/d{n}#{number}" for n, number in product((0, 1), NUMBERS)}
    assert effects == every - {f"dialer/d1#{NUMBERS[left_out]}"}


def test_a_dry_run_shows_the_requests_of_the_targets_alone(site: Site) -> None:
    site.plan()
    asked = ("--target", "push/push-old-1", "--target", f"dialer/d0#{NUMBERS[0]}")
    assert site.apply("--dry-run", "--format", "json", *asked) == 0, site.err
    requests = json.loads(site.out)["requests"]
    targets = [one for request in requests for one in request["targets"]]
    assert targets == [f"dialer/d0#{NUMBERS[0]}", "push/push-old-1"]
    assert (
        "not sent: 13 targets (contact/contact-old-0 …): pending, left out by --target" in site.err
    )
    assert site.ledger() == []


@pytest.mark.parametrize("option", ["--target", "--exclude"])
@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("push/push-old-7", "not in the plan. Did you mean push/push-old-"),
        ("psh/push-old-1", "not in the plan. Did you mean push/push-old-1?"),
        ("push/nothing-like-it", "not in the plan. reconciler show lists what it deletes"),
        ("dialer/d0#1", f"the plan deletes dialer/d0#91{'•' * 6}7008, dialer/d0#"),
        ("push-old-1", "is not ACCOUNT/ID or ACCOUNT/ID#PART"),
    ],
)
def test_a_target_that_the_plan_does_not_have_is_refused(
    site: Site, option: str, named: str, said: str
) -> None:
    site.plan()
    for more in ((), ("--dry-run",)):
        assert site.apply(option, named, *more) == 64
        assert f"error: {option}" in site.err
        assert said in site.err
        assert NUMBERS[0] not in site.err
    assert site.ledger() == []


def test_every_wrong_target_is_told_at_once(site: Site) -> None:
    site.plan()
    wrong = ("push/a", "push/b")
    assert site.apply(*(word for one in wrong for word in ("--target", one))) == 64
    assert all(f"--target {one}: not in the plan" in site.err for one in wrong)
    assert site.apply("--account", "ios", "--target", "push/push-old-1") == 64
    assert "--target push/push-old-1: --account leaves it out" in site.err


def test_what_the_plan_refuses_can_be_excluded_and_not_be_asked_for(site: Site) -> None:
    site.manifest("push", keep="push-old-1")
    site.plan()
    assert site.apply("--target", "push/push-old-1") == 64
    assert "the plan leaves it alone (kept); reconciler explain says why" in site.err
    assert site.apply("--first-run", "--exclude", "push/push-old-1") == 0, site.err


def test_a_limit_counts_only_the_targets(site: Site) -> None:
    site.plan()
    asked = ("--target", "push/push-old-1", "--target", "push/push-old-2", "--limit", "1")
    pending(site, *asked)
    assert site.effects() == ["push/push-old-1"]


def test_limits_are_judged_on_the_targets_alone(site: Site) -> None:
    site.plan()
    site.guards = "maxDeletions: {count: 1}"
    site.write()
    assert site.apply("--first-run") == 3
    assert site.ledger() == []
    pending(site, "--target", "push/push-old-1")
    assert site.effects() == ["push/push-old-1"]


def test_an_account_without_a_target_needs_no_word_of_a_person(site: Site) -> None:
    """`dialer` cannot be looked at: with nothing of it asked for, nobody is asked about it."""
    site.plan()
    assert site.apply("--target", "push/push-old-1") == 5, site.err
    assert site.apply("--exclude", "dialer/d0", "--exclude", "dialer/d1") == 5, site.err
    assert site.apply() == 64
    assert "--first-run" in site.err


def test_a_doubt_that_is_left_out_is_not_looked_at(bare: Site) -> None:
    port = free_port()
    with sandbox("batch-cep:drop-after=2", port=port) as url:
        bare.url = url
        bare.write()
        bare.plan("--account", "push")
        assert bare.apply("--max-wait", "0", "--limit", "1") == 6, bare.err
    with sandbox(port=port):
        assert bare.apply("--target", "push/push-old-1") == 6, bare.err
        looked, deleted = bare.ledger()  # a resume looks; nobody waits for the doubt
        assert (looked["effect"], deleted["effect"]) == ([], ["push/push-old-1"])
        assert "1 in-doubt" in bare.out
