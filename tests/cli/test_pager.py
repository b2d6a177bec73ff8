"""A long plan goes through `$PAGER` on a terminal, and only there. In a real pty."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.cli import _pager
from reconciler.errors import ReconcilerError

ROWS = 24
HEAD = '{"apiVersion":"reconciler/v1","kind":"Inventory","accounts":{"push":{"complete":true}}}\n'
PROJECT = """\
apiVersion: reconciler/v1
kind: Project
metadata: {name: acme}
spec:
  accounts:
    push: {driver: batch-cep, settings: {project: p, restApiKey: {env: KEY}}}
  guards: {maxDeletions: {count: 1000}}
"""
MANIFEST = """\
apiVersion: reconciler/v1
kind: CampaignAbsence
metadata: {name: retire, owner: growth, reason: over}
spec: {account: push, absent: [{match: {name: "Old *"}}]}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "reconciler.yaml").write_text(PROJECT)
    (tmp_path / "manifests/retire.yaml").write_text(MANIFEST)
    lines = [
        json.dumps({"account": "push", "id": f"c{n:03}", "name": f"Old {n}", "status": "stopped"})
        for n in range(100)
    ]
    (tmp_path / "inventory.ndjson").write_text(HEAD + "\n".join(lines) + "\n")
    return tmp_path


def on_a_terminal(root: Path, *words: str, **env: str) -> str:
    """What a terminal of 24 rows shows in the end."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, 100, 0, 0))
    known = {k: v for k, v in os.environ.items() if k not in ("PAGER", "LESS", "SOURCE_DATE_EPOCH")}
    process = subprocess.Popen(
        [sys.executable, "-m", "reconciler", *words],
        cwd=root,
        env={**known, "TERM": "xterm", **env},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        shown += data
    os.close(ours)
    assert process.wait(60) == 0, shown
    return shown.decode()


PAGER = """sh -c 'echo PAGED; wc -l; echo END'"""


def test_a_long_plan_goes_through_the_pager_and_what_is_next_stands_below(root: Path) -> None:
    shown = on_a_terminal(root, "plan", "--out", "plan.json", PAGER=PAGER)
    assert "PAGED" in shown
    assert "Old 99" not in shown  # the pager counted the lines, and kept them
    assert shown.index("END") < shown.index("saved in plan.json")
    again = on_a_terminal(root, "show", "plan.json", PAGER=PAGER)
    assert "PAGED" in again


def test_so_does_a_long_explanation(root: Path) -> None:
    absent = ", ".join(f'{{match: {{name: "Old {n}*"}}}}' for n in range(40))
    (root / "manifests/retire.yaml").write_text(
        MANIFEST.replace('{match: {name: "Old *"}}', absent)
    )
    assert "PAGED" in on_a_terminal(root, "explain", "push/c001", PAGER=PAGER)
    plain = on_a_terminal(root, "explain", "push/c001", "--no-pager", PAGER=PAGER)
    assert "PAGED" not in plain
    assert "Old 39*" in plain


def test_it_is_left_out_where_nobody_wants_it(root: Path) -> None:
    for env, options in (
        ({"PAGER": PAGER}, ["--no-pager"]),
        ({"PAGER": PAGER, "TERM": "dumb"}, []),
        ({"PAGER": ""}, []),
        ({"PAGER": "cat"}, []),
        ({"PAGER": "no-such-program --x"}, []),
        ({"PAGER": PAGER}, ["--format", "json"]),
    ):
        shown = on_a_terminal(root, "plan", *options, **env)
        assert "PAGED" not in shown, (env, options)
        assert "Old 99" in shown, (env, options)


def test_what_fits_the_screen_is_just_shown(root: Path) -> None:
    (root / "inventory.ndjson").write_text(
        HEAD + '{"account":"push","id":"c1","name":"Old 1","status":"stopped"}\n'
    )
    shown = on_a_terminal(root, "plan", PAGER=PAGER)
    assert "PAGED" not in shown
    assert "Old 1" in shown


def test_whoever_leaves_the_pager_early_is_not_scolded(root: Path) -> None:
    shown = on_a_terminal(root, "plan", "--out", "plan.json", PAGER="head -n 1")
    assert "saved in plan.json" in shown
    assert "rror" not in shown


def test_there_is_none_in_a_pipe(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", "plan"],
        cwd=root,
        env={**os.environ, "PAGER": PAGER, "TERM": "xterm"},
        capture_output=True,
        check=True,
    )
    assert b"PAGED" not in done.stdout
    assert b"Old 99" in done.stdout


def test_what_fails_in_the_middle_of_a_text_ends_the_pager_too(tmp_path: Path) -> None:
    def pieces() -> Iterator[str]:
        yield "the first page\n"
        raise ReconcilerError("a temporary file lost what was written to it")

    read = tmp_path / "read"
    with pytest.raises(ReconcilerError, match="temporary file"):
        # Who is not told that no more comes is waited for in vain.
        _pager._through(f"timeout 20 cat > {read} && echo END >> {read}", pieces(), {})
    assert read.read_text() == "the first page\nEND\n"
