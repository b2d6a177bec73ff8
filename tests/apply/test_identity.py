"""What a thing is: outcomes belong to a scope, whatever its account, folder or file is called."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support import cookbook
from tests.support.apply_site import ACCOUNTS, Site, campaigns, sandbox

PUSH = [f"push/push-old-{n}" for n in range(3)]
GONE = dict.fromkeys(PUSH, "deleted")


@pytest.fixture
def push(site: Site) -> Site:
    """A site with one account, three of whose campaigns are to go."""
    site.accounts = {"push": site.accounts["push"]}
    only(site, "push")
    site.write()
    return site


def only(site: Site, *accounts: str) -> None:
    shutil.rmtree(site.root / "manifests")
    site.manifest(*accounts)
    site.inventory([one for one in campaigns() if one["account"] in accounts])


def elsewhere(site: Site, old: str, new: str) -> None:
    """Point every account that says *old* at *new*."""
    site.accounts = {k: one.replace(old, new) for k, one in site.accounts.items()}
    site.write()


def fresh(site: Site) -> None:
    """An inventory taken now, and a plan of it."""
    site.inventory(
        [one for one in campaigns() if one["account"] in site.accounts], age=timedelta(0)
    )
    site.plan()


# ---------------------------------------------------------------- another place


def test_what_was_deleted_at_one_vendor_lives_at_another(push: Site) -> None:
    push.plan()
    assert push.outcomes() == (0, GONE)
    with sandbox() as other:
        push.url = other
        push.write()
        push.plan()
        assert push.outcomes() == (0, GONE)
        assert push.effects() == PUSH  # at the other one
    assert "3 outcomes belong to another scope of this account" in push.err
    assert "has no trace of push" in push.err


def test_what_was_deleted_in_one_project_lives_in_the_other(push: Site) -> None:
    push.plan()
    assert push.outcomes() == (0, GONE)
    elsewhere(push, "project_1", "project_2")
    fresh(push)
    # The sandbox has the campaigns in project_1 alone: the second one knows none of them.
    code, outcomes = push.outcomes()
    assert code == 5
    assert "already-absent" not in outcomes.values()
    assert "deleted" not in outcomes.values()


def test_an_account_that_is_renamed_keeps_its_history(push: Site) -> None:
    push.plan()
    assert push.outcomes() == (0, GONE)
    sent = len(push.ledger())
    push.accounts = {"mobile": push.accounts["push"]}
    push.write()
    shutil.rmtree(push.root / "manifests")
    records = [{**one, "account": "mobile"} for one in campaigns() if one["account"] == "push"]
    push.manifest("mobile")
    push.inventory(records)
    push.plan()
    code, outcomes = push.outcomes()
    assert (code, set(outcomes.values())) == (0, {"already-absent"})
    assert len(push.ledger()) == sent


def test_two_accounts_whose_names_are_swapped_keep_what_is_theirs(site: Site) -> None:
    one = site.accounts["push"]
    with sandbox() as there:
        site.accounts = {"a": one, "b": one.replace("URL", there)}
        here = site.url
        records = [{**r, "account": n} for r in campaigns() if r["account"] == "push" for n in "ab"]
        shutil.rmtree(site.root / "manifests")
        site.manifest("a", "b")
        site.inventory(records)
        site.write()
        site.plan("--account", "a")
        assert site.outcomes()[0] == 0
        assert site.effects() == PUSH
        site.accounts = {"b": site.accounts["a"], "a": site.accounts["b"]}
        site.write()
        site.plan()
        code, outcomes = site.outcomes()
        assert code == 0, site.err
        assert {k: v for k, v in outcomes.items() if k[0] == "b"} == {
            f"b/push-old-{n}": "already-absent" for n in range(3)
        }
        assert {k: v for k, v in outcomes.items() if k[0] == "a"} == {
            f"a/push-old-{n}": "deleted" for n in range(3)
        }
        site.url = there
        assert site.effects() == PUSH
        site.url = here
        assert site.effects() == PUSH


def test_two_keys_are_two_applications_where_only_the_key_tells(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.accounts = {"ios": site.accounts["ios"]}
    only(site, "ios")
    site.write()
    site.plan()
    assert site.outcomes()[0] == 0
    monkeypatch.setenv("MEP_APP", "sandbox-another-app")
    site.plan()
    _, report = site.report()
    assert "another scope of this account" in site.err
    # The imitation shows the same campaigns to both keys: what is said of them, a look has seen.
    assert {one["evidence"] for one in report["targets"]} == {"look"}


def test_a_key_that_is_rotated_is_the_same_application_under_its_scope(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.accounts = {"sms": site.accounts["sms"] + ", scope: acme-au"}
    only(site, "sms")
    site.write()
    site.plan()
    assert site.outcomes()[0] == 0
    sent = len(site.ledger())
    monkeypatch.setenv("CELL_KEY", "sandbox-rotated")
    site.plan("--attributes")  # another plan
    code, outcomes = site.outcomes()
    assert code == 0
    assert set(outcomes.values()) <= {"already-absent", "deleted"}
    assert len(site.ledger()) == sent


# ---------------------------------------------------------------- doubts


def test_a_doubt_is_settled_where_it_was_asked_or_by_a_person(push: Site) -> None:
    push.plan()
    with sandbox("drop-after=2") as broken:
        push.url = broken
        push.write()
        push.plan()
        code, outcomes = push.outcomes("--max-wait", "0s", "--limit", "1")
        assert code == 6, outcomes
    with sandbox(records=[one for one in campaigns() if "old" not in one["name"]]) as other:
        push.url = other  # where it is not listed
        push.write()
        fresh(push)
        assert push.run("settle", "--max-wait", "0s") == 6
        assert "which no account is now" in push.err
        assert push.ledger() == []
        assert push.run("status") == 0
        assert "which no account is now" in push.out
    target = "push/push-old-0"
    assert push.run("settle", "--as", "deleted", target, "--because", "seen there") == 0


DOUBT = "push/push-old-0"


@pytest.mark.parametrize("how", ["vendor", "project", "driver"])
def test_a_new_plan_elsewhere_says_nothing_of_a_doubt_here(push: Site, how: str) -> None:
    push.plan()
    stays = [one for one in campaigns() if "old" not in one["name"]]
    with sandbox("drop-after=2") as broken, sandbox(records=stays) as other:
        push.url = broken
        push.write()
        push.plan()
        assert push.outcomes("--max-wait", "0s", "--limit", "1")[0] == 6
        if how == "driver":  # another kind of account, under the same name
            push.accounts = {"push": ACCOUNTS["ios"]}
        push.url = other
        elsewhere(push, "project_1", "project_2" if how == "project" else "project_1")
        fresh(push)
        _, outcomes = push.outcomes("--max-wait", "0s", "--first-run")
        assert outcomes[DOUBT] != "deleted"
        assert push.run("status") == 0
        assert "which no account is now" in push.out
        push.run("settle", "--max-wait", "0s")
        assert "which no account is now" in push.err
    assert push.run("settle", "--as", "deleted", DOUBT, "--because", "seen there") == 0


# ---------------------------------------------------------------- resurrection


@pytest.fixture
def restored(bare: Site) -> Iterator[Site]:
    """A site whose three campaigns were deleted, restored at the vendor, and listed again."""
    bare.accounts = {"push": bare.accounts["push"]}
    only(bare, "push")
    path = bare.root / "manifests" / "push.yaml"
    path.write_text(path.read_text().replace("[{match", "\n    - {match").replace("}]\n", "}\n"))
    with sandbox() as url:
        bare.url = url
        bare.write()
        bare.plan()
        assert bare.outcomes() == (0, GONE)
    with sandbox(port=int(url.rpartition(":")[2])):
        _listed_again(bare)
        yield bare


def _listed_again(push: Site) -> None:
    push.inventory(
        [one for one in campaigns() if one["account"] == "push"], age=timedelta(seconds=-2)
    )


UNRELATED = {
    "one absence more": lambda t: t + "    - {id: another}\n",
    "other line ends": lambda t: t.replace("\n", "\r\n"),
    "a comment": lambda t: "# reviewed\n" + t,
    "another expectation": lambda t: t.replace('old *"}}', 'old *"}, expect: {max: 9}}'),
    "another owner": lambda t: t.replace("owner: qa", "owner: qb"),
}


@pytest.mark.parametrize("change", UNRELATED.values(), ids=list(UNRELATED))
def test_what_came_back_is_left_alone_whatever_else_the_manifest_says(
    restored: Site, change: Callable[[str], str]
) -> None:
    path = restored.root / "manifests" / "push.yaml"
    path.write_bytes(change(path.read_text()).encode())
    restored.plan()
    code, report = restored.report()
    drifted = {one["detail"] for one in report["targets"] if one["id"].startswith("push-old")}
    assert (code, drifted) == (5, {"resurrected"})
    assert restored.ledger() == []


def test_an_absence_that_did_not_ask_before_may_delete_it_again(restored: Site) -> None:
    restored.manifest("push", name="old ?")
    restored.plan()
    assert restored.outcomes() == (0, GONE)
    assert restored.effects() == PUSH


# ---------------------------------------------------------------- the journal and its log


def journals(push: Site) -> dict[str, int]:
    """Records of the log by the journal that made them; none is there twice."""
    found: dict[str, list[int]] = {}
    for line in (push.root / ".reconciler" / "audit.ndjson").read_text().splitlines():
        record = json.loads(line)
        found.setdefault(record["journal"], []).append(record["entry"])
    for entries in found.values():
        assert entries == sorted(set(entries))
    return {name: len(entries) for name, entries in found.items()}


def state(push: Site) -> Path:
    return push.root / ".reconciler" / "state.db"


def test_a_journal_moved_aside_loses_no_record_of_the_next(push: Site) -> None:
    push.plan()
    assert push.apply("--limit", "1") == 5
    before = journals(push)
    state(push).rename(push.root / "aside.db")
    assert push.apply() == 0
    after = journals(push)
    assert len(after) == 2
    assert before.items() <= after.items()
    assert "has no trace of push" in push.err
    assert push.run("verify", ".reconciler/audit.ndjson") == 0
    assert push.run("evidence", "plan.json", "--out", "e.tar.gz") == 0
    assert push.run("verify", "e.tar.gz") == 0
    assert "2 journals" in push.out


def test_a_journal_from_a_backup_is_told_and_has_no_trace(push: Site) -> None:
    push.plan()
    assert push.apply("--limit", "1") == 5
    backup = push.root / "backup.db"
    with closing(sqlite3.connect(state(push))) as db, closing(sqlite3.connect(backup)) as copy:
        db.backup(copy)
    assert push.apply("--limit", "1") == 5
    before = journals(push)
    for one in state(push).parent.glob("state.db*"):
        if one.is_file():
            one.unlink()
    shutil.copyfile(backup, state(push))
    looks = len([row for row in push.ledger() if row["method"] == "GET"])
    assert push.apply() == 0
    assert "the journal lacks" in push.err
    assert len([row for row in push.ledger() if row["method"] == "GET"]) > looks
    after = journals(push)
    assert len(after) == 2
    assert before.items() <= after.items()
    assert push.effects() == PUSH
    assert push.run("verify", ".reconciler/audit.ndjson") == 0


def test_two_project_files_in_one_folder_share_a_log_and_no_record(push: Site) -> None:
    text = (push.root / "reconciler.yaml").read_text()
    for name in ("one", "two"):
        mine = text.replace("{name: site}", f"{{name: {name}}}")
        mine = mine.replace("spec:\n", f"spec:\n  state: sqlite:///.reconciler/{name}.db\n")
        (push.root / f"{name}.yaml").write_text(mine)
    for name in ("one", "two", "one"):
        assert push.run("--config", f"{name}.yaml", "plan", "--out", f"{name}.json") == 0
        assert push.run("--config", f"{name}.yaml", "apply", f"{name}.json") == 0
    assert len(journals(push)) == 2
    assert push.run("verify", ".reconciler/audit.ndjson") == 0


def test_a_trace_of_one_scope_says_nothing_of_another(site: Site) -> None:
    site.plan("--account", "push")
    assert site.outcomes()[0] == 0
    site.plan("--account", "ios")
    assert site.outcomes()[0] == 0
    assert "has no trace of ios" in site.err


@pytest.fixture
def lost(push: Site) -> Site:
    """A journal that had a doubt is lost, and another has a trace of the scope from elsewhere."""
    push.plan()
    assert push.apply("--limit", "1") == 5
    for one in state(push).parent.glob("state.db*"):
        if one.is_file():
            one.unlink()
    only_of(push, "push-old-2")
    push.plan()
    assert push.outcomes() == (0, {"push/push-old-2": "deleted"})
    push.manifest("push")
    return push


def only_of(push: Site, id_: str) -> None:
    path = push.root / "manifests" / "push.yaml"
    path.write_text(path.read_text().replace('match: {name: "old *"}', f"id: {id_}"))


def asked(push: Site, since: int) -> list[str]:
    return [row["method"] for row in push.ledger()[since:]]


def test_a_trace_of_one_campaign_says_nothing_of_others_that_were_listed_before(
    lost: Site,
) -> None:
    """What the lost journal knew of them came after that inventory, if it came."""
    sent = len(lost.ledger())
    lost.plan()
    code, outcomes = lost.outcomes()
    assert asked(lost, sent)[0] == "GET"
    assert outcomes["push/push-old-0"] == "already-absent"  # by that look
    assert outcomes["push/push-old-1"] == "deleted"
    assert code == 0


def test_what_an_inventory_shows_that_is_newer_than_the_trace_is_there(lost: Site) -> None:
    stays = [one for one in campaigns() if one["account"] == "push" and one["id"][-1] == "1"]
    lost.inventory(stays, age=timedelta(seconds=-2))
    sent = len(lost.ledger())
    lost.plan()
    assert lost.outcomes()[1]["push/push-old-1"] == "deleted"
    assert asked(lost, sent) == ["POST"]


def test_when_an_inventory_was_captured_is_unknown_and_so_is_what_it_lists(lost: Site) -> None:
    records = [one for one in campaigns() if one["account"] == "push"]
    text = "".join(json.dumps(one) + "\n" for one in records)
    (lost.root / "inventory.ndjson").write_text(text)
    sent = len(lost.ledger())
    lost.plan()
    outcomes = lost.outcomes()[1]
    assert asked(lost, sent)[0] == "GET"
    assert outcomes["push/push-old-0"] != "deleted"


# ---------------------------------------------------------------- accounts of one scope


def test_accounts_of_one_scope_are_one_and_keep_for_each_other(push: Site) -> None:
    push.accounts["twin"] = push.accounts["push"]
    push.write()
    push.manifest("twin")
    (push.root / "manifests" / "keep.yaml").write_text(
        "apiVersion: reconciler/v1\nkind: CampaignAbsence\nmetadata: {name: keep}\n"
        "spec: {account: twin, absent: [{id: nothing}], keep: [{id: push-old-1}]}\n"
    )
    records = [one for one in campaigns() if one["account"] == "push"]
    push.inventory([*records, *({**one, "account": "twin"} for one in records)])
    made = push.plan()
    deletes = [(one["account"], one["id"]) for one in made["actions"] if one["action"] == "delete"]
    assert deletes == [("push", "push-old-0"), ("push", "push-old-2")]
    assert {s["manifest"] for s in made["actions"][0]["sources"]} == {"retire-push", "retire-twin"}
    assert push.outcomes() == (0, {"push/push-old-0": "deleted", "push/push-old-2": "deleted"})
    assert push.effects() == ["push/push-old-0", "push/push-old-2"]


IOS = [f"ios/ios-old-{n}" for n in range(3)]


@pytest.fixture
def disguised(bare: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Two accounts that are one, which only their keys tell: no plan can see it."""
    monkeypatch.setenv("SECOND_APP", "sandbox-mep-app")
    one = ACCOUNTS["ios"]
    bare.accounts = {"ios": one, "twin": one.replace("MEP_APP", "SECOND_APP")}
    shutil.rmtree(bare.root / "manifests")
    bare.manifest("ios", "twin")
    mine = [one for one in campaigns() if one["account"] == "ios"]
    bare.inventory([*mine, *({**one, "account": "twin"} for one in mine)])
    return bare


def posts(site: Site) -> list[str]:
    return [row["path"] for row in site.ledger() if row["method"] == "POST"]


def test_a_doubt_is_known_under_every_name_of_its_scope(disguised: Site) -> None:
    site = disguised
    with sandbox("drop=2") as url:
        site.url = url
        site.write()
        site.plan("--account", "ios")
        code, outcomes = site.outcomes("--max-wait", "0s", "--limit", "1")
        assert (code, outcomes[IOS[0]]) == (6, "in-doubt")
        sent = posts(site)
        assert site.plan("--author", "b@acme.example")["summary"]["delete"] == 6
        _, outcomes = site.outcomes("--max-wait", "0s")
        assert posts(site).count(sent[0]) == 1  # not again without a look
        assert outcomes[IOS[0]] == "in-doubt"
        assert {one for k, one in outcomes.items() if k.startswith("twin/")} == {"drifted"}


def test_what_is_deleted_under_one_name_is_known_under_every_other(disguised: Site) -> None:
    site = disguised
    with sandbox() as url:
        site.url = url
        site.write()
        site.plan()
        code, outcomes = first = site.outcomes()
        assert (code, {outcomes[one] for one in IOS}) == (0, {"deleted"})
        assert {one for k, one in outcomes.items() if k.startswith("twin/")} == {"drifted"}
        sent = posts(site)
        assert site.outcomes() == first  # told again, as it was
        site.plan("--author", "b@acme.example")
        code, outcomes = site.outcomes()
        assert (code, {outcomes[one] for one in IOS}) == (0, {"already-absent"})
        site.plan("--account", "twin")
        code, outcomes = site.outcomes()
        assert (code, set(outcomes.values())) == (0, {"already-absent"})
        assert posts(site) == sent
        assert len(sent) == 3


def test_a_project_that_is_corrected_in_a_header_of_yaml_begins_anew(push: Site) -> None:
    """The driver `http`: the same address and key, and another project's campaigns."""
    written = json.loads(json.dumps(cookbook.accounts()["push"]["settings"]))
    (header,) = [one for one in written["headers"] if one.lower() == "x-batch-project"]

    def point(project: str) -> None:
        written["headers"][header] = project
        written["secrets"] = dict.fromkeys(written["secrets"], {"env": "CEP_KEY"})
        push.accounts = {
            "push": f"driver: http, settings: {json.dumps(written)}, baseUrl: URL/batch, "
            "limits: {requests: 50, per: 1s}, inventory: complete"
        }
        push.write()

    point("project_2")
    push.plan()
    assert push.run("apply", "plan.json") == 5  # the sandbox has them in the other one
    point("project_1")
    fresh(push)
    assert push.outcomes() == (0, GONE)
    point("project_2")
    push.plan()
    code, outcomes = push.outcomes()
    assert (code, set(outcomes.values())) == (5, {"refused"})
    assert "outcomes belong to another scope of this account" in push.err


def test_what_is_left_out_under_one_name_is_left_out_under_every_other(disguised: Site) -> None:
    site = disguised
    with sandbox() as url:
        site.url = url
        site.write()
        site.plan()
        code, outcomes = site.outcomes("--exclude", "twin/ios-old-1")
        assert (code, outcomes["ios/ios-old-1"]) == (5, "pending")
        assert [one for one in posts(site) if one.endswith("ios-old-1")] == []
        site.plan("--author", "b@acme.example")
        code, outcomes = site.outcomes("--target", "twin/ios-old-1")
        assert outcomes["ios/ios-old-1"] == "deleted"
