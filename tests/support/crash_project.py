"""A project of 500 doomed parcels on disk, its plan, and the real `reconciler` as a process."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.support.crash_vendor import Vendor, blind_seconds
from tests.support.forks import Started, shared

Command = Started | subprocess.Popen[bytes]

THIRD_PARTY = Path(__file__).parent / "third_party"
FINAL = {"deleted", "already-absent"}

_PROJECT = """\
apiVersion: reconciler/v1
kind: Project
metadata: {{name: crash}}
spec:
{state}  accounts:
{accounts}
  guards: {{maxDeletions: {{count: 100000}}}}
"""
_PARCEL = """\
    {name}:
      driver: parcel
      settings: {{key: {{env: PARCEL_KEY}}, shop: {shop}}}
      baseUrl: {url}
{limits}"""
_BATCH = """\
    {name}:
      driver: batch-cep
      settings: {{project: project_crash, restApiKey: {{env: PARCEL_KEY}}}}
      baseUrl: {url}
      limits: {{requests: 100000, per: 1s, concurrency: 8}}
"""
_MANIFEST = """\
apiVersion: reconciler/v1
kind: CampaignAbsence
metadata: {{name: old-of-{account}, owner: qa, reason: over, ticket: CHG-1}}
spec:
  account: {account}
  absent:
    - match: {{name: "old *"}}
"""


def parcels(doomed: int, spared: int = 20) -> dict[str, str]:
    """What a vendor has: *doomed* that the manifest matches, and *spared* that it does not."""
    every = {f"p{n:05d}": f"old {n}" for n in range(doomed)}
    return every | {f"k{n:05d}": f"kept {n}" for n in range(spared)}


@dataclass(slots=True)
class Place:
    """A project's folder. *account* -> (its vendor, its template's fields)."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> Path:
        return self.root / ".reconciler" / "state.db"

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "reconciler", *arguments]

    def environment(self) -> dict[str, str]:
        keep = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR")}
        mine = {"PYTHONPATH": str(THIRD_PARTY), "PARCEL_KEY": "sesame-parcel", "TERM": "dumb"}
        # What dies, or may write hardly anything, would leave half a file of compiled code.
        return {**keep, **mine, "PYTHONDONTWRITEBYTECODE": "1", **self.env}

    def start(
        self,
        *arguments: str,
        prefix: Sequence[str] = (),
        preexec_fn: Callable[[], None] | None = None,
        leaps: bool = False,
        **streams: Any,
    ) -> Command:
        """The command *arguments*, begun; *streams* as of Popen.

        A fork of an interpreter that is there, unless something is to happen before it begins.
        *leaps*: where it would wait for long, its clock leaps ahead by that instead.
        """
        env = self.environment()
        early = any(name.startswith("PYTHON") for name in self.env)
        if not (prefix or early or preexec_fn):
            return shared().start(*arguments, root=self.root, env=env, leaps=leaps, **streams)
        assert not leaps
        pipes = {
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "preexec_fn": preexec_fn or heedful,
        }
        command = [*prefix, *self.command(*arguments)]
        return subprocess.Popen(command, cwd=self.root, env=env, **{**pipes, **streams})

    def run(self, *arguments: str, **more: Any) -> "Ended":
        process = self.start(*arguments, **more)
        return ended(process)


def heedful() -> None:
    """Signals as a shell in the foreground leaves them: the suite itself may run under nohup."""
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: *code* as the shell would say it."""

    code: int
    out: str
    err: str

    @property
    def killed(self) -> bool:
        return self.code == 128 + signal.SIGKILL


def ended(process: Command, timeout: float = 120) -> Ended:
    """Wait for *process*; a signal N that killed it is 128 + N."""
    out, err = process.communicate(timeout=timeout)
    code = process.returncode
    return Ended(
        128 - code if code < 0 else code,
        (out or b"").decode("utf-8", "replace"),
        (err or b"").decode("utf-8", "replace"),
    )


def make(
    root: Path,
    vendors: Mapping[str, Vendor],
    *,
    driver: str = "parcel",
    shops: Mapping[str, str] | None = None,
    shared: str | None = None,
    limits: str | None = None,
) -> Place:
    """A project with an account for each vendor, and its plan in plan.json.

    *shared*: the URL of a database that holds its state. *limits*: those of each account.
    """
    (root / "manifests").mkdir(parents=True)
    template = {"parcel": _PARCEL, "batch-cep": _BATCH}[driver]
    accounts = "".join(
        template.format(
            name=name,
            url=vendor.url,
            shop=(shops or {}).get(name, name),
            limits=f"      limits: {limits}\n" if limits else "",
        )
        for name, vendor in vendors.items()
    )
    (root / "reconciler.yaml").write_text(
        _PROJECT.format(
            accounts=accounts.rstrip("\n"),
            state="  state: {env: RECONCILER_STATE}\n" if shared else "",
        )
    )
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    facts = {
        name: {"complete": True, "campaigns": len(one.left), "capturedAt": now}
        for name, one in vendors.items()
    }
    head = {"apiVersion": "reconciler/v1", "kind": "Inventory", "accounts": facts}
    lines = [json.dumps({**head, "capturedAt": now})]
    for name, vendor in vendors.items():
        (root / "manifests" / f"{name}.yaml").write_text(_MANIFEST.format(account=name))
        lines += [
            json.dumps({"account": name, "id": i, "name": n, "status": "stopped"})
            for i, n in vendor.left.items()
        ]
    (root / "inventory.ndjson").write_text("\n".join(lines) + "\n")
    place = Place(root, {"RECONCILER_STATE": shared} if shared else {})
    done = place.run("plan", "--out", "plan.json")
    assert done.code == 0, done.err
    return place


# ---------------------------------------------------------------- reading what was written


def asked(place: Place, sql: str) -> list[tuple[Any, ...]]:
    """What the journal on disk has right now; the journal itself is not touched."""
    if not place.state.exists():
        return []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "state.db"
        for suffix in ("", "-wal"):
            source = place.state.with_name(place.state.name + suffix)
            if source.exists():
                shutil.copy(source, copy.with_name(copy.name + suffix))
        db = sqlite3.connect(copy)
        try:
            return db.execute(sql).fetchall()
        except sqlite3.OperationalError:
            return []  # killed before the tables were made
        finally:
            db.close()


def outcomes(place: Place) -> dict[str, str | None]:
    """ID -> outcome as the journal on disk has it right now."""
    return dict(asked(place, "SELECT account || '/' || id, outcome FROM targets"))


def check_never_too_early(place: Place, vendors: Mapping[str, Vendor]) -> None:
    """Nothing that a vendor still has is called gone."""
    for target, outcome in outcomes(place).items():
        account, _, id_ = target.partition("/")
        gone = outcome in FINAL
        assert not (gone and id_ in vendors[account].left), f"{target} is {outcome}, and is there"


def check_converged(place: Place, vendors: Mapping[str, Vendor], report: str) -> None:
    """Everything doomed is gone and nothing else; one outcome each; nothing was sent blindly."""
    told = json.loads(report)
    listed = [f"{one['account']}/{one['id']}" for one in told["targets"]]
    assert len(listed) == len(set(listed))
    assert {one["outcome"] for one in told["targets"]} <= FINAL
    written = outcomes(place)
    for account, vendor in vendors.items():
        assert blind_seconds(vendor.events) == []
        assert [name for name in vendor.left.values() if not name.startswith("kept")] == []
        assert sum(name.startswith("kept") for name in vendor.left.values()) == 20
        gone = {f"{account}/{one.id}" for one in vendor.events if one.kind == "effect"}
        assert gone == {one for one in listed if one.startswith(f"{account}/")}
    assert {t: written[t] for t in listed} == {
        f"{one['account']}/{one['id']}": one["outcome"] for one in told["targets"]
    }
    check_audit(place, set(listed))


def check_done(vendors: Mapping[str, Vendor], report: str) -> None:
    """Everything doomed is gone and nothing else, whatever the journal is; nothing sent blindly."""
    told = json.loads(report)
    listed = [f"{one['account']}/{one['id']}" for one in told["targets"]]
    assert len(listed) == len(set(listed))
    assert {one["outcome"] for one in told["targets"]} <= FINAL
    for account, vendor in vendors.items():
        assert blind_seconds(vendor.events) == []
        assert all(name.startswith("kept") for name in vendor.left.values())
        gone = {f"{account}/{one.id}" for one in vendor.events if one.kind == "effect"}
        assert gone == {one for one in listed if one.startswith(f"{account}/")}


def check_audit(place: Place, targets: set[str]) -> None:
    """The audit log is one chain, has every outcome, and each record of the journal once."""
    from reconciler.prove import chain

    with (place.root / ".reconciler" / "audit.ndjson").open("rb") as file:
        records = list(chain.walk(file))
    entries = [one["entry"] for one in records if "entry" in one]
    assert entries == sorted(set(entries))
    told = {one["target"] for one in records if one["type"] == "target" and one["outcome"] in FINAL}
    assert told == targets
