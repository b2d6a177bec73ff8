"""A plan may be as large as it likes: what a command holds does not grow with its actions."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_FEW, _MANY = 18_000, 40_000
_BYTES = 400  # of memory for one action more; whoever holds them needs some thousands
_PROJECT = """\
apiVersion: reconciler/v1
kind: Project
metadata: {name: large}
spec:
  guards: {maxDeletions: {count: 1000000}, inventoryMaxAge: 36500d}
  accounts:
    push: {driver: batch-cep, settings: {project: p, restApiKey: {env: KEY}}, inventory: complete}
"""
_MANIFEST = """\
apiVersion: reconciler/v1
kind: CampaignAbsence
metadata: {name: retire, owner: crm, reason: The season is over}
spec: {account: push, absent: [{match: {status: draft}}]}
"""


def _site(folder: Path, count: int) -> Path:
    (folder / "manifests").mkdir(parents=True)
    (folder / "reconciler.yaml").write_text(_PROJECT)
    (folder / "manifests/retire.yaml").write_text(_MANIFEST)
    head = {"kind": "Inventory", "apiVersion": "reconciler/v1"}
    facts = {"push": {"complete": True, "campaigns": count}}
    lines = [json.dumps({**head, "capturedAt": "2026-11-20T08:00:00Z", "accounts": facts})]
    lines += [
        json.dumps(
            {
                "account": "push",
                "id": f"orchestration_{number * 7919 % count:026}",  # in no order
                "name": f"Winter reminder 2024 {number}",
                "status": "draft",
                "channel": "push",
                "createdAt": "2024-11-20T08:00:00Z",
            }
        )
        for number in range(count)
    ]
    (folder / "inventory.ndjson").write_text("\n".join(lines) + "\n")
    return folder


def _peak(folder: Path, *arguments: str) -> int:
    """The most memory that `reconciler ARGUMENTS` had in *folder*, in bytes."""
    with (folder / "said.txt").open("wb") as said:
        child = subprocess.Popen(
            [sys.executable, "-m", "reconciler", *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder)},
        )
        _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, (folder / "said.txt").read_text()
    return used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A project that deletes a few, and one that deletes many."""
    folder = tmp_path_factory.mktemp("size")
    return _site(folder / "few", _FEW), _site(folder / "many", _MANY)


def test_what_a_command_holds_does_not_grow_with_the_plan(sites: tuple[Path, Path]) -> None:
    few, many = sites
    assert len({number * 7919 % _MANY for number in range(_MANY)}) == _MANY
    for arguments in (
        ("plan", "--out", "plan.json", "--report", "html=plan.html", "--report", "junit=plan.xml"),
        ("show", "plan.json", "--format", "csv"),
        ("apply", "plan.json", "--dry-run", "--format", "json"),
    ):
        grown = _peak(many, *arguments) - _peak(few, *arguments)
        assert grown < _BYTES * (_MANY - _FEW), f"{arguments}: {grown / (_MANY - _FEW):.0f} bytes"
