"""`-` is standard input or output wherever a file can be named: one for each."""

import gzip
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from reconciler.cli._stdio import INPUTS, OUTPUTS
from reconciler.cli.main import cli
from tests.support.apply_site import Site
from tests.support.forked_command import forked_command
from tests.support.forks import shared


@pytest.fixture(autouse=True)
def forked(tmp_path: Path) -> Iterator[None]:
    with forked_command(shared(), tmp_path / "bin"):
        yield


@pytest.fixture
def ran(site: Site) -> Site:
    """A site with a plan that was applied, and its evidence."""
    site.plan()
    assert site.apply("--first-run") == 0, site.err
    assert site.run("evidence", "plan.json", "--out", "ev.tar.gz") == 0, site.err
    return site


def piped(site: Site, *words: str, given: bytes = b"") -> tuple[int, bytes, str]:
    """A real process: its exit code, standard output to the byte, and what it said."""
    done = subprocess.run(
        [site.root.parent / "bin" / "reconciler", *words],
        cwd=site.root,
        input=given,
        capture_output=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr.decode()


READS = [
    (["show", "-"], "plan.json", 0, b"Plan sha256:"),
    (["show", "plan.json", "-"], "plan.json", 0, b""),
    (["apply", "-", "--dry-run", "--format", "json"], "plan.json", 0, b'"requests"'),
    (["apply", "-", "--yes"], "plan.json", 0, b"deleted"),
    (["status", "-"], "plan.json", 0, b"deleted"),
    (["settle", "-"], "plan.json", 0, b""),
    (["stop", "-", "--because", "x"], "plan.json", 0, b"Nothing is under way"),
    (["evidence", "-", "--out", "other.tar.gz"], "plan.json", 0, b"other.tar.gz: "),
    (["verify", "-"], "ev.tar.gz", 0, b"Verified"),
    (["verify", "-"], ".reconciler/audit.ndjson", 0, b"Verified"),
    (["plan", "--inventory", "-"], "inventory.ndjson", 0, b"to delete"),
    (["explain", "push/push-old-1", "--inventory", "-"], "inventory.ndjson", 0, b"push-old-1"),
    (["inventory", "stats", "-"], "inventory.ndjson", 0, b"campaigns"),
    (["inventory", "diff", "-", "inventory.ndjson"], "inventory.ndjson", 0, b""),
    (["inventory", "convert", "-", "x.json"], "inventory.ndjson", 0, b""),
]


def test_every_command_that_reads_a_file_reads_standard_input(ran: Site) -> None:
    for words, file, code, said in READS:
        data = (ran.root / file).read_bytes()
        got, out, err = piped(ran, *words, given=data)
        assert (got, said in out) == (code, True), (words, out, err)


WRITES = [
    ["plan", "--out", "-"],
    ["plan", "--report", "csv=-"],
    ["show", "plan.json", "--report", "markdown=-"],
    ["show", "plan.json", "plan.json", "--report", "json=-"],
    ["apply", "plan.json", "--report", "junit=-"],
    ["validate", "--report", "sarif=-"],
    ["evidence", "plan.json", "--out", "-"],
    ["inventory", "convert", "inventory.ndjson", "-", "--to", "csv"],
    ["inventory", "pull", "--out", "-"],
]


def test_every_command_that_writes_a_file_writes_standard_output_and_nothing_else(
    ran: Site,
) -> None:
    for words in WRITES:
        named = [one.replace("=-", "=x.out") for one in words]
        at = named.index("-") if "-" in named else None
        file = ran.root / "x.out"
        if at is not None:
            file = ran.root / {"evidence": "x.tar.gz", "inventory": "x.ndjson"}.get(words[0], "x")
            named[at] = file.name
        code, out, err = piped(ran, *words)
        assert code in (0, 5), (words, err)  # two vendors cannot list
        expected, _, err = piped(ran, *named)
        assert expected == code, (words, err)
        data = file.read_bytes()
        assert same(out, data), (words, out[:200], data[:200])
        file.unlink()


def same(one: bytes, other: bytes) -> bool:
    """Whether both are the same but for times, and for digests of what has times in it."""
    return _timeless(one) == _timeless(other) != b""


def _timeless(data: bytes) -> bytes:
    if data.startswith(b"\x1f\x8b"):
        data = gzip.decompress(data)
    return re.sub(rb"[0-9]+(\.[0-9]+)?", b"0", re.sub(rb"\b[0-9a-f]{64}\b", b"x", data))


def test_a_plan_goes_from_one_command_to_the_next(site: Site) -> None:
    code, plan, _ = piped(site, "plan", "--out", "-")
    assert code == 0
    assert json.loads(plan)["kind"] == "Plan"
    code, report, err = piped(site, "apply", "-", "--first-run", "--format", "json", given=plan)
    assert code == 0, err
    assert json.loads(report)["summary"]["deleted"] > 0


def test_a_project_file_that_cannot_be_read_is_not_written_over_either(ran: Site) -> None:
    large = b"#" * (20 << 20)
    (ran.root / "reconciler.yaml").write_bytes(large)
    assert ran.run("show", "plan.json", "--report", "json=reconciler.yaml") == 64
    assert "would be written over the project file" in ran.err
    assert (ran.root / "reconciler.yaml").read_bytes() == large


@pytest.mark.parametrize(
    ("words", "which"),
    [
        (["show", "-", "-"], "input"),
        (["apply", "-", "--inventory", "-"], "input"),
        (["plan", "--inventory", "-", "--inventory", "-"], "input"),
        (["inventory", "diff", "-", "-"], "input"),
        (["plan", "--out", "-", "--report", "html=-"], "output"),
        (["plan", "--out", "-", "--format", "json"], "output"),
        (["apply", "p.json", "--events", "-", "--report", "json=-"], "output"),
        (["validate", "--report", "sarif=-", "--format", "json"], "output"),
    ],
)
def test_each_stream_serves_one_thing(bare: Site, words: list[str], which: str) -> None:
    assert bare.run(*words) == 64
    assert f"want standard {which}" in bare.err


def commands(group: click.Group, *names: str) -> Any:
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        one = group.get_command(ctx, name)
        if isinstance(one, click.Group):
            yield from commands(one, *names, name)
        elif one is not None:
            yield (*names, name), one


# What names a file or folder that no stream can be, each with why.
NEVER = {
    "directory": "a folder",
    "directories": "folders",
    "folder": "a folder",
    "paths": "says which of the project's files are told about",
    "demo": "a folder",
    "workflow": "the name of a file on the code host",
    "credentials": "says where an account's credential is, on whatever machine",
}


def test_no_parameter_that_names_a_file_is_forgotten() -> None:
    for names, one in commands(cli):
        for param in one.params:
            shown = (param.metavar or "").upper()
            files = "FILE" in shown or "DIR" in shown or isinstance(param.type, click.Path)
            if files and param.name not in NEVER:
                assert param.name in INPUTS | OUTPUTS | {"answers"}, (names, param.name)


def test_a_key_a_signature_and_signers_come_by_standard_input(site: Site) -> None:
    key = site.root / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    public = " ".join(key.with_suffix(".pub").read_text().split()[:2])
    signers = site.root / "signers"
    signers.write_text(f"ann@acme.example {public}\n")
    site.guards = "maxDeletions: {count: 100}, approvals: {required: 1, allowedSigners: signers}"
    site.write()
    assert site.run("plan", "--out", "plan.json", "--author", "bob@acme.example") == 0, site.err
    words = ["approve", "plan.json", "--yes", "--key", "-"]
    code, _, err = piped(site, *words, given=key.read_bytes())
    assert code == 0, err
    (signed,) = site.root.glob("plan.json.*.sig")
    signature = signed.read_bytes()
    signed.unlink()
    words = ["apply", "plan.json", "--yes", "--first-run", "--approval"]
    assert piped(site, *words, "-", given=b"no signature")[0] == 3
    code, _, err = piped(site, *words, "-", given=signature)
    assert code == 0, err
    # Evidence packs what was counted, though nothing lies beside the plan.
    assert site.run("evidence", "plan.json", "--out", "ev.tar.gz") == 0, site.err
    (kept,) = (site.root / ".reconciler" / "signatures").iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-1])
    assert site.run("evidence", "plan.json", "--out", "none.tar.gz") == 1
    assert "is damaged; move it aside" in site.err
    kept.write_bytes(whole)
    words = ["verify", "ev.tar.gz", "--allowed-signers", "-"]
    assert piped(site, *words, given=signers.read_bytes())[0] == 0
    assert piped(site, *words, given=b"")[0] == 4


def test_a_closed_output_is_an_error_and_not_a_success(site: Site) -> None:
    shell = f"{sys.executable} -m reconciler plan --format json >&-"
    done = subprocess.run(shell, shell=True, cwd=site.root, capture_output=True, check=False)
    assert done.returncode == 1
    assert b"cannot write standard output: it is closed" in done.stderr


def test_evidence_is_not_called_what_it_is_not(ran: Site) -> None:
    assert ran.run("evidence", "plan.json", "--out", "ev.zip") == 64
    assert "name it ev.tar.gz" in ran.err
    assert not (ran.root / "ev.zip").exists()


MANIFEST = "manifests/push.yaml"
OVER = [
    (["plan", "--out", "reconciler.yaml"], "--out reconciler.yaml"),
    (["plan", "--report", "html=./reconciler.yaml"], "--report html=./reconciler.yaml"),
    (["plan", "--out", "x.json", "--report", "json=x.json"], "--report json=x.json"),
    (["plan", "--inventory", "inventory.ndjson", "--out", "inventory.ndjson"], "--out inv"),
    (["plan", "--out", "inventory.ndjson"], "--out inventory.ndjson"),
    (["plan", "--report", f"csv={MANIFEST}"], f"--report csv={MANIFEST}"),
    (["show", "plan.json", "--report", "html=inventory.ndjson"], "--report html=inventory.ndjson"),
    (["evidence", "plan.json", "--out", MANIFEST], f"--out {MANIFEST}"),
    (["inventory", "pull", "--out", MANIFEST], f"--out {MANIFEST}"),
    (["show", "plan.json", "--report", "csv=plan.json"], "--report csv=plan.json"),
    (["apply", "plan.json", "--yes", "--events", "plan.json"], "--events plan.json"),
    (["evidence", "plan.json", "--out", "linked.json"], "--out linked.json"),
]


def test_nothing_is_written_over_what_is_read_or_twice(ran: Site) -> None:
    (ran.root / "linked.json").symlink_to("plan.json")
    files = ("reconciler.yaml", "plan.json", "inventory.ndjson", MANIFEST)
    before = [(ran.root / one).read_bytes() for one in files]
    for words, said in OVER:
        code, out, err = piped(ran, *words)
        assert (code, out) == (64, b""), words
        assert f"error: {said}" in err
        assert "name another file" in err
        assert [(ran.root / one).read_bytes() for one in files] == before
    assert not (ran.root / "x.json").exists()
