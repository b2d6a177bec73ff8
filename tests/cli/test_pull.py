"""`inventory pull` from the sandbox, over real HTTP."""

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.main import main
from reconciler.lanes.journal.sqlite import SqliteJournal
from reconciler.lanes.locks import Locks
from reconciler.sandbox import create_app, serve

LIMITS = "limits: {requests: 1000, per: 1s, concurrency: 2}"
ACCOUNTS = {
    "app": f"""\
      driver: batch-mep
      settings: {{apiKey: {{env: APP_KEY}}, restApiKey: {{env: PULL_KEY}}}}
      baseUrl: URL/batch
      {LIMITS}
""",
    "bot": f"""\
      driver: kore
      settings:
        host: platform.kore.ai
        streamId: st-1
        accountId: acc1
        clientId: sandbox-cs
        clientSecret: {{env: KORE_SECRET}}
      baseUrl: URL/kore
      {LIMITS}
""",
    "calls": f"""\
      driver: ozonetel
      settings: {{userName: acme, apiKey: {{env: PULL_KEY}}}}
      baseUrl: URL/ozonetel
      {LIMITS}
""",
    "push": f"""\
      driver: batch-cep
      settings: {{project: project_06, restApiKey: {{env: PULL_KEY}}}}
      baseUrl: URL/batch
      {LIMITS}
""",
    "sms": f"""\
      driver: cellcast
      settings: {{apiKey: {{env: PULL_KEY}}}}
      baseUrl: URL/cellcast
      {LIMITS}
""",
}
KEYS = {"PULL_KEY": "sandbox-key", "APP_KEY": "sandbox-app", "KORE_SECRET": "sandbox-secret"}
CREATED = "2024-10-01T09:00:00Z"


def record(account: str, id_: str, **fields: Any) -> dict[str, Any]:
    return {
        "account": account,
        "id": id_,
        "name": f"old {id_}",
        "status": "stopped",
        "createdAt": CREATED,
        **fields,
    }


RECORDS = [
    *(record("app", f"{n:032x}", channel="push") for n in range(120)),
    *(record("bot", f"cd-{n:08x}-1-1-1-1", channel="sms", status="ready") for n in range(60)),
    *(record("bot", f"cd-{n:07x}-2-2-2-2", channel="voice", status="ready") for n in range(2)),
    record("calls", "leads 1", name="leads 1 ", phoneNumbers=["918187867001", "918187867002"]),
    record("calls", "leads 2", phoneNumbers=["918187867001"]),
    *(record("push", f"orchestration_{n:03}", channel="push") for n in range(130)),
    record("sms", "spring", status="scheduled", channel="sms",
           messageIds=[f"{n:024x}" for n in (1, 2, 3)]),
    record("sms", f"{9:024x}", name=f"{9:024x}", status="scheduled", channel="sms"),
]  # fmt: skip
MANIFESTS = {
    "app": ["id: " + "0" * 32, "id: " + "0" * 31 + "7"],
    "bot": ["id: cd-00000003-1-1-1-1", "id: cd-0000001-2-2-2-2"],
    "calls": ['name: "leads 1 "'],
    "push": ["id: orchestration_004", 'name: "old orchestration_129"'],
    "sms": ['match: {name: "old spring"}'],
}


@dataclass(frozen=True)
class World:
    root: Path
    url: str

    @property
    def file(self) -> Path:
        return self.root / "inventory.ndjson"

    def run(self, *arguments: str) -> int:
        here = os.getcwd()
        try:
            return main(["-C", str(self.root), *arguments])
        finally:
            os.chdir(here)

    def pull(self, *arguments: str) -> int:
        return self.run("inventory", "pull", *arguments)

    def header(self, path: Path | None = None) -> dict[str, Any]:
        accounts: dict[str, Any] = json.loads((path or self.file).read_text().splitlines()[0])[
            "accounts"
        ]
        return accounts

    def records(self, path: Path | None = None) -> list[dict[str, Any]]:
        return [json.loads(one) for one in (path or self.file).read_text().splitlines()[1:]]

    def ids(self, account: str, path: Path | None = None) -> list[str]:
        return [one["id"] for one in self.records(path) if one["account"] == account]

    @property
    def sent(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.url}/__ledger") as answer:
            requests: list[dict[str, Any]] = json.load(answer)["requests"]
        return requests


class Worlds:
    """Makes projects whose vendors the sandbox imitates."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._number = 0

    def __call__(
        self,
        *,
        accounts: Sequence[str] = tuple(ACCOUNTS),
        faults: Sequence[str] = (),
        inventory: str | None = "",
        spec: str = "",
    ) -> World:
        """*inventory*: the old file's text; "" for all records, None for no file."""
        self._number += 1
        root = self._folder / f"p{self._number}"
        (root / "manifests").mkdir(parents=True)
        records = [one for one in RECORDS if one["account"] in accounts]
        app = create_app(records, speed=1000, faults=faults)
        url = self._stack.enter_context(serve(app))
        text = "".join(f"    {name}:\n{ACCOUNTS[name]}" for name in accounts).replace("URL", url)
        guards = "  guards: {maxDeletions: {count: 1000}, running: allow}\n"
        (root / "reconciler.yaml").write_text(
            "apiVersion: reconciler/v1\nkind: Project\nmetadata: {name: acme}\nspec:\n"
            f"{spec}  accounts:\n{text}{guards}"
        )
        for name in accounts:
            absent = "".join(f"    - {one}\n" for one in MANIFESTS[name])
            (root / "manifests" / f"{name}.yaml").write_text(
                "apiVersion: reconciler/v1\nkind: CampaignAbsence\n"
                f"metadata: {{name: of-{name}}}\nspec:\n  account: {name}\n  absent:\n{absent}"
            )
        if inventory is not None:
            (root / "inventory.ndjson").write_text(inventory or old_file(records))
        return World(root, url)


def ago(hours: int) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def old_file(records: Sequence[dict[str, Any]], hours: int = 2) -> str:
    names = sorted({one["account"] for one in records})
    facts = {
        name: {
            "complete": True,
            "campaigns": sum(one["account"] == name for one in records),
            "capturedAt": ago(hours),
        }
        for name in names
    }
    head = {"apiVersion": "reconciler/v1", "kind": "Inventory", "accounts": facts}
    return "".join(json.dumps(one) + "\n" for one in (head, *records))


@pytest.fixture
def world(tmp_path, monkeypatch) -> Iterator[Worlds]:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    monkeypatch.setattr("random.random", lambda: 0.0)  # the dice of the back-off
    with ExitStack() as stack:
        yield Worlds(tmp_path, stack)


def listed_ids(account: str) -> list[str]:
    return sorted(one["id"] for one in RECORDS if one["account"] == account)


# ---------------------------------------------------------------- what is written


def test_a_first_pull_writes_what_the_vendors_list(world, capsys):
    here = world(inventory=None)
    begun = ago(0)
    assert here.pull() == 0
    said = capsys.readouterr()
    for name in ("app", "bot", "push"):
        assert here.ids(name) == listed_ids(name)
        facts = here.header()[name]
        assert facts["complete"] is True
        assert facts["campaigns"] == len(listed_ids(name))
        assert begun <= facts["capturedAt"] <= ago(0)
    assert "calls" not in here.header()
    assert here.header()["sms"]["complete"] is False
    assert "sent messages" in here.header()["sms"]["why"]
    assert "calls: not listed: the driver ozonetel cannot list" in said.out
    assert "push: 130 campaigns, complete (130 new)" in said.out
    assert "push: listing" in said.err
    assert {one["method"] for one in here.sent} <= {"GET", "POST"}
    assert not [one for one in here.sent if one["effect"]]
    assert here.run("plan") == 0


def test_the_order_is_stable_so_that_a_diff_shows_what_changed(world):
    here = world()
    assert here.pull() == 0
    keys = [(one["account"], one["id"]) for one in here.records()]
    assert keys == sorted(keys)
    first = here.file.read_text().splitlines()[1:]
    assert here.pull() == 0
    assert here.file.read_text().splitlines()[1:] == first


def test_after_an_apply_a_pull_leaves_nothing_to_plan(world, capsys):
    here = world()
    assert here.run("plan", "--out", "plan.json") == 0
    assert here.run("apply", "plan.json", "--first-run", "--yes") == 0
    assert here.run("plan", "--detailed-exitcode") == 2
    capsys.readouterr()
    assert here.pull() == 0
    told = capsys.readouterr().out
    assert "calls: not listed: the driver ozonetel cannot list; 1 campaign kept, 1 gone" in told
    assert here.run("plan", "--detailed-exitcode") == 0
    assert "No changes" in capsys.readouterr().out
    assert here.ids("push") == sorted({*listed_ids("push")} - {
        "orchestration_004", "orchestration_129"
    })  # fmt: skip
    assert here.ids("calls") == ["leads 2"]
    assert here.ids("sms") == [f"{9:024x}"]


def test_the_accounts_that_are_left_out_stay_as_they_were(world):
    here = world()
    others = [one for one in here.records() if one["account"] != "push"]
    before = sorted(others, key=lambda one: (one["account"], one["id"]))
    facts = here.header()
    assert here.pull("--account", "push") == 0
    after = here.records()
    assert [one for one in after if one["account"] != "push"] == before
    assert {k: v for k, v in here.header().items() if k != "push"} == {
        k: v for k, v in facts.items() if k != "push"
    }
    assert here.header()["push"]["capturedAt"] > facts["push"]["capturedAt"]
    assert {one["vendor"] for one in here.sent} == {"batch-cep"}


def test_a_refused_listing_changes_nothing_of_its_account(world, capsys):
    here = world(accounts=("app", "bot", "push"), faults=("batch-mep:no-list",))
    before, facts = [one for one in here.records() if one["account"] == "app"], here.header()["app"]
    assert here.pull() == 5
    assert [one for one in here.records() if one["account"] == "app"] == before
    assert here.header()["app"] == facts
    assert here.header()["push"]["capturedAt"] > facts["capturedAt"]
    assert "app: NOT PULLED: HTTP 403" in capsys.readouterr().out


def test_pages_that_came_are_kept_and_nothing_looks_deleted(world, capsys):
    """Every second answer of the vendor is a page of HTML."""
    here = world(accounts=("push",), faults=("batch-cep:html=2",))
    facts = here.header()["push"]
    assert here.pull() == 5
    assert here.ids("push") == listed_ids("push")
    now = here.header()["push"]
    assert now["complete"] is False
    assert "not as documented" in now["why"]
    assert now["capturedAt"] == facts["capturedAt"]  # 30 of its records are as old as that
    assert "30 not listed and kept" in capsys.readouterr().out
    fresh = world(accounts=("push",), faults=("batch-cep:html=2",), inventory=None)
    assert fresh.pull() == 5
    assert len(fresh.ids("push")) == 100
    assert fresh.header()["push"]["complete"] is False


@pytest.mark.parametrize("fault", ["auth", "html", "no-list"])
def test_if_nothing_can_be_pulled_the_file_is_as_it_was(world, capsys, fault):
    here = world(accounts=("app", "calls"), faults=(f"batch-mep:{fault}",))
    before = here.file.read_bytes()
    assert here.pull() == 1
    assert here.file.read_bytes() == before
    assert "nothing could be pulled" in capsys.readouterr().err


def test_a_vendor_that_is_not_there_is_told(world, capsys):
    here = world(accounts=("app",))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{free.getsockname()[1]}"
    project = here.root / "reconciler.yaml"
    project.write_text(project.read_text().replace(here.url, gone))
    assert here.pull() == 1
    said = capsys.readouterr().out
    assert "app: NOT PULLED: no answer came (cannot connect to 127.0.0.1:" in said
    assert "Connection refused)" in said


def test_a_throttle_over_max_wait_ends_with_the_pages_that_came(world):
    here = world(accounts=("bot",), faults=("kore:throttle=2",))
    # The vendor's rule is a minute.
    assert here.pull("--max-wait", "1s") == 5
    assert "over --max-wait" in here.header()["bot"]["why"]


def test_labels_by_hand_stay_where_the_vendor_has_none(world):
    records = [one for one in RECORDS if one["account"] == "app"]
    records[3] = {**records[3], "labels": {"tier": "evergreen"}}
    here = world(accounts=("app",), inventory=old_file(records))
    assert here.pull() == 0
    labels = {one["id"]: one.get("labels") for one in here.records()}
    assert labels[records[3]["id"]] == {"tier": "evergreen"}
    assert sum(one is not None for one in labels.values()) == 1


def test_labels_of_the_vendor_can_be_selected_by_key(world):
    labelled = record("push", "orchestration_zzz", labels={"tier": "evergreen", "bare": ""})
    here = world(accounts=("push",), inventory=None)
    app = create_app([labelled], speed=1000)
    with serve(app) as url:
        project = here.root / "reconciler.yaml"
        project.write_text(project.read_text().replace(here.url, url))
        assert here.pull() == 0
    (found,) = here.records()
    assert found["labels"]["tier"] == "evergreen"


# ---------------------------------------------------------------- where it goes


@pytest.mark.parametrize("name", ["new.ndjson", "new.json", "new.yaml", "new.ndjson.gz"])
def test_another_file_takes_the_format_of_its_suffix(world, name):
    here = world(accounts=("push", "calls"))
    before = here.file.read_bytes()
    assert here.pull("--out", name) == 0
    assert here.file.read_bytes() == before
    if name.endswith(".gz"):
        assert gzip.decompress((here.root / name).read_bytes()).startswith(b'{"apiVersion"')
    assert here.run("inventory", "convert", name, "back.ndjson") == 0
    back = here.root / "back.ndjson"
    assert here.ids("push", back) == listed_ids("push")
    assert list(here.header(back)) == ["push"]
    assert here.header(back)["push"]["complete"] is True


def test_the_file_on_the_command_line_is_the_one_whose_accounts_stay(world):
    here = world(accounts=("push", "calls"))
    other = here.root / "other.ndjson"
    other.write_text(old_file([record("calls", "only here", phoneNumbers=["1"])]))
    assert here.pull("--out", "other.ndjson") == 0
    assert here.ids("calls", other) == ["only here"]
    assert here.ids("push", other) == listed_ids("push")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--out", "new.csv"], "CSV has no header"),
        (["--out", "new.txt"], "does not say a format"),
        (["--account", "puhs"], "Did you mean 'push'?"),
        (["--max-wait", "soon"], "--max-wait"),
        (["--events", "-", "--format", "json"], "both want standard output"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(world, capsys, arguments, said):
    here = world(accounts=("push",))
    assert here.pull(*arguments) == 64
    assert said in capsys.readouterr().err
    assert here.sent == []


def test_an_account_of_another_inventory_file_is_not_put_into_the_first(world, capsys):
    here = world(accounts=("push", "app"), spec="  inventory: [inventory.ndjson, b.ndjson]\n")
    everything = RECORDS
    here.file.write_text(old_file([one for one in everything if one["account"] == "app"]))
    second = here.root / "b.ndjson"
    second.write_text(old_file([one for one in everything if one["account"] == "push"]))
    assert here.pull() == 1
    assert "pull with --out b.ndjson --account push" in capsys.readouterr().err
    assert here.sent == []
    assert here.pull("--out", "b.ndjson", "--account", "push") == 0
    assert here.pull("--account", "app") == 0
    assert here.run("plan") == 0


def test_a_damaged_old_file_is_not_written_over(world, capsys):
    here = world(accounts=("push",))
    here.file.write_text(here.file.read_text()[:-20])
    before = here.file.read_bytes()
    assert here.pull() == 1
    assert "mend inventory.ndjson, or move it away" in capsys.readouterr().err
    assert here.file.read_bytes() == before
    assert here.sent == []


def test_the_projects_file_may_not_lead_out_of_the_project(world, tmp_path, capsys):
    here = world(accounts=("push",), inventory=None)
    here.file.symlink_to(tmp_path / "elsewhere.ndjson")
    assert here.pull() == 1
    assert "leads out of the project's folder" in capsys.readouterr().err
    assert here.pull("--out", "inventory.ndjson") == 1
    assert here.sent == []


@pytest.mark.parametrize("out", ["missing/new.ndjson", "manifests/.ndjson.json/x.json"])
def test_a_folder_that_is_not_there_is_told_before_anything_is_sent(world, out):
    here = world(accounts=("push",))
    assert here.pull("--out", out) == 1
    assert here.sent == []


# ---------------------------------------------------------------- the run


def test_credentials_are_read_before_anything_is_sent(world, capsys, monkeypatch):
    here = world(accounts=("app", "push"))
    monkeypatch.delenv("APP_KEY")
    assert here.pull() == 1
    assert "account app: the environment variable APP_KEY is not set" in capsys.readouterr().err
    assert here.pull("--account", "push") == 0


def test_a_held_lane_is_75_and_nothing_is_sent(world, capsys):
    here = world(accounts=("app", "push"))
    before = here.file.read_bytes()
    locks = Locks(here.root / ".reconciler" / "state.db.locks")
    who = {"pid": 7, "user": "ann", "host": "h", "plan": "plan x", "accounts": ["push"]}
    locks.take([f"{here.url}/batch project project_06"], who)
    try:
        assert here.pull() == 75
        assert "pid 7 of ann" in capsys.readouterr().err
        assert here.sent == []
        assert here.file.read_bytes() == before
        assert here.pull("--account", "app") == 0
    finally:
        locks.release()
    assert here.pull() == 0


def test_a_pull_is_no_journal_of_deletions(world, capsys):
    here = world(accounts=("push",))
    assert here.pull() == 0
    assert here.run("plan", "--out", "plan.json") == 0
    capsys.readouterr()
    assert here.run("apply", "plan.json", "--yes") == 0
    assert "has no trace of push" in capsys.readouterr().err


def test_an_account_that_cannot_list_is_all_there_is(world, capsys):
    here = world(accounts=("calls",))
    assert here.pull() == 1
    assert "cannot list" in capsys.readouterr().out
    assert here.sent == []


def test_the_json_view_and_the_events(world, capsys):
    here = world(accounts=("push", "calls", "app"), faults=("batch-mep:no-list",))
    assert here.pull("--format", "json", "--events", "events.ndjson") == 5
    told = json.loads(capsys.readouterr().out)
    assert (told["kind"], told["exitCode"], told["written"]) == ("InventoryPull", 5, True)
    assert {name: one["result"] for name, one in told["accounts"].items()} == {
        "app": "failed",
        "calls": "unlistable",
        "push": "complete",
    }
    assert told["accounts"]["push"]["campaigns"] == 130
    assert told["accounts"]["push"]["pages"] == 2
    lines = [json.loads(one) for one in (here.root / "events.ndjson").read_text().splitlines()]
    assert {"account-started", "look", "account-done"} <= {one["type"] for one in lines}


def test_events_that_cannot_be_written_leave_no_run(world, capsys):
    here = world(accounts=("push",))
    assert here.pull("--events", "/nowhere/at/all") == 1
    assert "cannot write /nowhere/at/all" in capsys.readouterr().err
    path = here.root / ".reconciler" / "state.db"
    with closing(SqliteJournal(path, "acme", clock=lambda: datetime.now(UTC))) as journal:
        assert journal.runs() == ()


def test_no_secret_is_in_anything_that_is_written_or_said(world, capsys):
    here = world(accounts=("app", "push"), faults=("batch-mep:auth",))
    assert here.pull("--events", "events.ndjson") == 5
    said = capsys.readouterr()
    written = b"".join(one.read_bytes() for one in here.root.rglob("*") if one.is_file())
    for secret in KEYS.values():
        assert secret not in said.out + said.err
        assert secret.encode() not in written


def test_an_interrupted_pull_leaves_the_old_file(world, tmp_path):
    here = world(accounts=("push",))
    before = here.file.read_bytes()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        project = here.root / "reconciler.yaml"
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        project.write_text(project.read_text().replace(here.url, url))
        process = subprocess.Popen(
            [sys.executable, "-m", "reconciler", "inventory", "pull"],
            cwd=here.root,
            env={**os.environ, **KEYS},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        silent.settimeout(60)
        connection, _ = silent.accept()
        with connection:
            assert connection.recv(65536).startswith(b"GET /batch/2.8/orchestrations/list")
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert b"is as it was" in err
    assert here.file.read_bytes() == before
    assert [one.name for one in here.root.iterdir() if one.name.startswith(".inv")] == []


# ---------------------------------------------------------------- what an absence is worth


def test_a_listing_that_lost_most_of_what_was_known_is_not_believed(world, capsys):
    known = [record("push", f"gone_{n:03}") for n in range(131)]
    here = world(accounts=["push"], inventory=old_file([*known, RECORDS[-3]]))
    before = here.header()["push"]
    assert RECORDS[-3]["id"] == "orchestration_129"
    assert here.pull() == 5
    said = capsys.readouterr().out
    assert "NOT COMPLETE: only 1 of 132 campaigns that were known is listed now" in said
    assert "131 not listed and kept" in said
    assert set(here.ids("push")) == {one["id"] for one in known} | set(listed_ids("push"))
    after = here.header()["push"]
    assert after["complete"] is False
    assert after["capturedAt"] == before["capturedAt"]
    assert here.pull("--allow-shrink", "push") == 0
    assert here.ids("push") == listed_ids("push")
    assert here.header()["push"]["complete"] is True
    assert here.pull("--allow-shrink", "nobody") == 64


def test_the_header_lists_what_each_vendor_knows(world):
    here = world()
    assert here.pull() == 0
    assert {name: one.get("fields") for name, one in here.header().items()} == {
        "app": ["name", "status", "channel", "createdAt"],
        "bot": ["name", "status", "channel", "createdAt", "updatedAt"],
        "calls": None,
        "push": ["name", "status", "createdAt", "labels"],
        "sms": ["channel", "createdAt", "labels.customString"],
    }


def test_a_vendor_without_names_leaves_those_of_the_file(world):
    own = record("sms", f"{9:024x}", name="Spring sale", status="running", channel="sms")
    del own["createdAt"]
    here = world(accounts=["sms"], inventory=old_file([own]))
    assert here.pull() == 0
    (one,) = [one for one in here.records() if one["id"] == own["id"]]
    assert (one["name"], one["status"]) == ("Spring sale", "running")
