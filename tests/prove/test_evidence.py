"""Evidence: the same bytes every time, and two verifiers that agree on what it is worth."""

import gzip
import hashlib
import importlib.util
import io
import json
import random
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from reconciler.cli.main import main
from reconciler.errors import NotVerified, Stale
from reconciler.model import (
    API_VERSION,
    Action,
    Campaign,
    ManifestFile,
    Outcome,
    PlanDocument,
    Reason,
    ReportDocument,
    Target,
    TargetReport,
)
from reconciler.plan import planfile
from reconciler.prove import approvals, chain, evidence, records, verify
from reconciler.prove.approvals import Signers
from tests.support import plans

AT = "2026-11-20T09:00:00Z"
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
AUTHOR = "author@acme.example"
ANN, BOB = "ann@acme.example", "bob@acme.example"
PROJECT = b"""apiVersion: reconciler/v1
kind: Project
metadata: {name: acme}
spec:
  accounts:
    push: {driver: batch-cep, settings: {project: p1, restApiKey: {env: KEY}}}
    voice: {driver: ozonetel, settings: {userName: u, apiKey: {env: KEY2}}}
  guards:
    approvals: {required: 2, above: 0, allowedSigners: allowed_signers}
"""
MANIFEST = b"kind: CampaignAbsence\n"


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def action(account: str, id_: str, parts: tuple[str, ...] | None, kind: str = "delete") -> Action:
    reason = Reason.DECLARED if kind == "delete" else Reason.RUNNING
    record = Campaign(account=account, id=id_, name="Diwali")
    return plans.action(kind, reason, record, parts=parts)


def plan(required: int = 2, author: str | None = AUTHOR) -> PlanDocument:
    actions = [
        action("push", "a", None),
        action("push", "b/ü#\u200b", None),
        action("push", "c", None),
        action("voice", "Lead 7", ("918187867008", "918187867009")),
        action("push", "running", None, "refuse"),
    ]
    return plans.plan_of(
        actions,
        accounts={"push": "kore", "voice": "kore"},
        manifests=(ManifestFile(path="manifests/retire.yaml", sha256=sha(MANIFEST), documents=()),),
        required=required,
        because="above 0",
        project_sha256=sha(PROJECT),
        project="acme",
        created_at="2026-11-20T08:00:00Z",
        expires_at="2126-11-27T08:00:00Z",
        author=author,
        commit=None,
    )


def started(run: str, digest: str, **more: Any) -> records.RunStarted:
    known = records.RunStarted(
        at=AT,
        run=run,
        plan=digest,
        project="acme",
        command="apply",
        tool="reconciler 0.1.0",
        resumed=False,
        author=AUTHOR,
        commit=None,
        requested_by=("req@acme.example",),
        tickets=("CHG-1",),
        approvals=records.ApprovalsSeen(
            required=2, principals=(ANN, BOB), aliases={"octocat": ("o@acme.example",)}
        ),
    )
    return msgspec.structs.replace(known, **more)


def ended(target: Target, run: str, digest: str, outcome: Outcome, by: str) -> records.TargetEnded:
    return records.TargetEnded(
        at=AT,
        run=run,
        plan=digest,
        target=str(target),
        account=target.account,
        id=target.id,
        part=target.part,
        name="Diwali",
        outcome=outcome,
        detail=None,
        evidence=by,  # type: ignore[arg-type]
        campaign=Campaign(account=target.account, id=target.id, name="Diwali"),
        sources=(records.AbsenceRecord(manifest="retire", path="manifests/retire.yaml", line=3),),
    )


TARGETS = tuple(
    target for one in plan().actions if one.action == "delete" for target in one.targets
)


def history(digest: str, report: str | None) -> list[records.Record]:
    """Two runs of the plan, between and around those of another one."""
    other = "sha256:" + "00" * 32
    found: list[records.Record] = [started("r0", other), started("r1", digest)]
    for number, target in enumerate(TARGETS[:3]):
        found.append(
            records.IntentRecord(
                at=AT,
                run="r1",
                plan=digest,
                request=number,
                account=target.account,
                method="POST",
                url="http://127.0.0.1/x",
                targets=(str(target),),
            )
        )
        found.append(records.Reviewed(at=AT, run="r0", plan=other, by="x", because="y"))
        found.append(
            records.Seen(
                at=AT,
                run="r1",
                plan=digest,
                request=number,
                account=target.account,
                status=200,
                verdict="deleted",
            )
        )
        found.append(ended(target, "r1", digest, Outcome.DELETED, "answer"))
    found.append(records.RunEnded(at=AT, run="r1", plan=digest, exit_code=5, summary={}))
    found.append(started("r2", digest, resumed=True))
    intent = found[2]
    names = tuple(map(str, TARGETS[3:]))
    found.append(msgspec.structs.replace(intent, run="r2", request=7, targets=names))  # type: ignore[type-var]
    lost = {"run": "r2", "request": 7, "status": None, "verdict": "no-answer"}
    found.append(msgspec.structs.replace(found[4], **lost))  # type: ignore[type-var]
    found.append(ended(TARGETS[3], "r2", digest, Outcome.IN_DOUBT, "answer"))
    found.append(ended(TARGETS[4], "r2", digest, Outcome.REFUSED, "answer"))
    found.append(
        records.Finding(
            at=AT,
            run="r2",
            plan=digest,
            targets=(str(TARGETS[3]),),
            found="deleted",
            by="ann",
            because="seen",
        )
    )
    found.append(ended(TARGETS[3], "r2", digest, Outcome.DELETED, "person"))
    found.append(
        records.RunEnded(
            at=AT, run="r2", plan=digest, exit_code=0, summary={"deleted": 4}, report=report
        )
    )
    found.append(started("r9", other))
    return found


def report(digest: str) -> bytes:
    outcomes = (*([Outcome.DELETED] * 4), Outcome.REFUSED)
    return msgspec.json.encode(
        ReportDocument(
            api_version=API_VERSION,
            kind="Report",
            plan=digest,
            started_at=AT,
            ended_at=AT,
            exit_code=0,
            summary={},
            targets=tuple(
                TargetReport(
                    account=target.account,
                    id=target.id,
                    part=target.part,
                    name="Diwali",
                    outcome=outcome,
                    detail=None,
                    evidence="answer",
                    attempts=1,
                    requests=(),
                )
                for target, outcome in zip(TARGETS, outcomes, strict=True)
            ),
        )
    )


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    for name in ("ann", "bob", "author"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(command, check=True, capture_output=True, timeout=30)
    return folder


def signers(keys: Path) -> bytes:
    names = ((ANN, "ann"), (BOB, "bob"), (AUTHOR, "author"))
    return "".join(
        f"{name} {' '.join((keys / f'{key}.pub').read_text().split()[:2])}\n" for name, key in names
    ).encode()


@dataclass(frozen=True)
class World:
    """A project folder in which a plan was approved and applied."""

    folder: Path
    plan: Path
    digest: str

    def main(self, *args: str) -> int:
        return main(["-C", str(self.folder), *args])

    def sources(self, **more: Any) -> evidence.Sources:
        inner = self.folder / ".reconciler"
        found = evidence.Sources(
            plan_name="plan.json",
            plan=self.plan.read_bytes(),
            signatures=approvals.read_signatures(self.plan),
            signers=approvals.read_signers(self.folder / "allowed_signers"),
            inputs={"reconciler.yaml": PROJECT, "manifests/retire.yaml": MANIFEST},
            report=(inner / "reports" / f"{self.digest[7:]}.json").read_bytes(),
            audit=io.BytesIO((inner / "audit.ndjson").read_bytes()),
            tool="reconciler 0.1.0",
        )
        return replace(found, **more)

    def pack(self, **more: Any) -> bytes:
        out = io.BytesIO()
        evidence.pack(self.sources(**more), out)
        return out.getvalue()


def build(folder: Path, keys: Path, made: PlanDocument | None = None) -> World:
    data = planfile.dumps(made or plan())
    digest = planfile.digest(data)
    (folder / "reconciler.yaml").write_bytes(PROJECT)
    (folder / "manifests").mkdir()
    (folder / "manifests" / "retire.yaml").write_bytes(MANIFEST)
    (folder / "allowed_signers").write_bytes(signers(keys))
    (folder / "plan.json").write_bytes(data)
    for name, key in ((ANN, "ann"), (BOB, "bob")):
        signature = approvals.sign(data, str(keys / key))
        (folder / f"plan.json.{name}.sig").write_bytes(signature)
    inner = folder / ".reconciler"
    (inner / "reports").mkdir(parents=True)
    (inner / "reports" / f"{digest[7:]}.json").write_bytes(report(digest))
    chain.append(inner / "audit.ndjson", history(digest, sha(report(digest))))
    return World(folder, folder / "plan.json", digest)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> World:
    return build(tmp_path_factory.mktemp("world"), keys)


@pytest.fixture(scope="module")
def second() -> ModuleType:
    place = Path(__file__).parents[1] / "support" / "second_verifier.py"
    spec = importlib.util.spec_from_file_location("second_verifier", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ---------------------------------------------------------------- archives taken apart


def unpack(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]


def repack(members: dict[str, bytes], *, honest: bool = False) -> bytes:
    """*honest*: the manifest's digests are made to fit, as a careful forger would."""
    if honest:
        manifest = json.loads(members["MANIFEST.json"])
        for one in manifest["members"]:
            if one["path"] in members:
                content = members[one["path"]]
                one |= {"bytes": len(content), "sha256": sha(content)}
        members = {**members, "MANIFEST.json": chain.canonical(manifest)}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def reseal(lines: list[bytes]) -> list[bytes]:
    """The chain made to fit again, as somebody who may write all of it can."""
    seq, prev, out = json.loads(lines[0])["seq"] - 1, json.loads(lines[0])["prev"], []
    for line in lines:
        seq += 1
        body = {k: v for k, v in json.loads(line).items() if k not in ("seq", "prev", "hash")}
        if not body:
            body = {"at": AT, "type": "other", "plan": "sha256:00", "run": "r0"}
            made, prev = chain.seal(body, seq=seq, prev=prev)
            made = chain.stub(json.loads(made))
        else:
            made, prev = chain.seal(body, seq=seq, prev=prev)
        out.append(made)
    return out


def forge(members: dict[str, bytes], change: Callable[[list[bytes]], list[bytes]]) -> bytes:
    """An archive whose audit was changed and everything else made to fit it."""
    lines = reseal(change(members["audit.ndjson"].splitlines(keepends=True)))
    manifest = json.loads(members["MANIFEST.json"])
    first, last = json.loads(lines[0]), json.loads(lines[-1])
    manifest["audit"] = {
        "first": first["seq"],
        "last": last["seq"],
        "records": len(lines),
        "hash": last["hash"],
    }
    changed = {"MANIFEST.json": chain.canonical(manifest), "audit.ndjson": b"".join(lines)}
    return repack({**members, **changed}, honest=True)


def first_says(archive: bytes) -> tuple[str, int | None] | None:
    try:
        verify.evidence(io.BytesIO(archive))
    except NotVerified as error:
        return error.member, error.seq
    return None


def second_says(second: ModuleType, archive: bytes, place: Path) -> tuple[str, int | None] | None:
    place.write_bytes(archive)
    try:
        second.verify(place)
    except second.Bad as error:
        return error.args[0], error.args[1]
    return None


# ---------------------------------------------------------------- packing


def test_the_same_inputs_give_the_same_bytes_and_both_verifiers_accept_them(
    world: World, second: ModuleType, tmp_path: Path
) -> None:
    archive = world.pack()
    assert archive == world.pack()
    proven = verify.evidence(io.BytesIO(archive))
    assert proven.approved_by == (ANN, BOB)
    assert (proven.runs, proven.targets, proven.project) == (2, 5, "acme")
    assert proven.outcomes["deleted"] == 4
    assert proven.notes == ()
    assert second_says(second, archive, tmp_path / "e") is None


def test_it_holds_what_an_auditor_asks_for(world: World) -> None:
    members = unpack(world.pack())
    assert list(members)[0] == "MANIFEST.json"
    assert set(members) == {
        "MANIFEST.json",
        "plan.json",
        f"signatures/plan.json.{ANN}.sig",
        f"signatures/plan.json.{BOB}.sig",
        "allowed_signers",
        "inputs/reconciler.yaml",
        "inputs/manifests/retire.yaml",
        "inventory.json",
        "audit.ndjson",
        "report.json",
    }
    assert members["inputs/reconciler.yaml"] == PROJECT


def test_other_plans_records_are_only_their_links(world: World) -> None:
    lines = unpack(world.pack())["audit.ndjson"].splitlines()
    read = [json.loads(line) for line in lines]
    stubs = [one for one in read if one.keys() == {"seq", "prev", "hash"}]
    assert len(stubs) == 3
    assert [one["seq"] for one in read] == list(range(2, 2 + len(read)))
    assert b"00" * 32 not in b"".join(line for line in lines if b'"type"' in line)
    assert read[0]["type"] == "run-started"
    assert read[-1]["type"] == "run-ended"


def test_inputs_that_changed_since_are_said_to_be_missing(world: World) -> None:
    archive = world.pack(inputs={"reconciler.yaml": PROJECT + b"#", "manifests/retire.yaml": None})
    proven = verify.evidence(io.BytesIO(archive))
    assert [note.split(" ")[0] for note in proven.notes] == [
        "reconciler.yaml",
        "manifests/retire.yaml",
    ]


def test_a_plan_that_was_never_applied_verifies_and_says_so(world: World) -> None:
    for audit in (None, io.BytesIO(b"")):
        proven = verify.evidence(io.BytesIO(world.pack(audit=audit, report=None)))
        assert any("nothing was done" in note for note in proven.notes)


def test_a_broken_log_gives_no_evidence(world: World) -> None:
    log = (world.folder / ".reconciler" / "audit.ndjson").read_bytes()
    broken = log.replace(b'"request":1', b'"request":3', 1)
    with pytest.raises(Stale, match="record 7"):
        world.pack(audit=io.BytesIO(broken))


def test_names_that_are_no_safe_paths_are_replaced_by_their_digest(world: World) -> None:
    odd = [("../../etc/passwd", b"x"), ("plan.json.\u202e.sig", b"y"), ("plan.json.a b.sig", b"z")]
    members = unpack(world.pack(signatures=odd))
    names = [name for name in members if name.startswith("signatures/")]
    assert names[0] == "signatures/passwd"
    assert all(len(name) == len("signatures/") + 64 for name in names[1:])


# ---------------------------------------------------------------- mutations


def mutations(members: dict[str, bytes]) -> list[tuple[str, bytes, bool]]:
    """(what was done, the archive, whether it is still good)."""
    found: list[tuple[str, bytes, bool]] = [("nothing", repack(members), True)]
    lines = members["audit.ndjson"].splitlines(keepends=True)

    def with_lines(what: str, changed: list[bytes]) -> None:
        mutated = {**members, "audit.ndjson": b"".join(changed)}
        found.append((what, repack(mutated), False))
        found.append((f"{what}, digests made to fit", repack(mutated, honest=True), False))

    for i in range(len(lines)):
        with_lines(f"delete line {i}", [*lines[:i], *lines[i + 1 :]])
        edited = lines[i].replace(b'"seq":', b'"seq":1')
        with_lines(f"renumber line {i}", [*lines[:i], edited, *lines[i + 1 :]])
        if b'"at"' in lines[i]:
            edited = lines[i].replace(b"2026", b"2025")
            with_lines(f"edit line {i}", [*lines[:i], edited, *lines[i + 1 :]])
        if i + 1 < len(lines):
            swapped = [*lines[:i], lines[i + 1], lines[i], *lines[i + 2 :]]
            with_lines(f"swap lines {i} and {i + 1}", swapped)
    for name, content in members.items():
        rest = {key: value for key, value in members.items() if key != name}
        found.append((f"delete {name}", repack(rest), False))
        if name == "MANIFEST.json":
            continue
        middle = len(content) // 2
        flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        found.append((f"edit {name}", repack({**members, name: flipped}), False))
        found.append((f"append to {name}", repack({**members, name: content + b"\n"}), False))
        forged = repack({**members, name: flipped}, honest=True)
        good = name in ("inventory.json",)
        found.append((f"edit {name}, digests made to fit", forged, good))
    found.append(("add a member", repack({**members, "extra": b"x"}), False))
    for path in ("plan.json", "audit.ndjson", "report.json"):
        manifest = json.loads(members["MANIFEST.json"])
        manifest["members"] = [one for one in manifest["members"] if one["path"] != path]
        rest = {key: value for key, value in members.items() if key != path}
        rest["MANIFEST.json"] = chain.canonical(manifest)
        found.append((f"drop {path} and its mention", repack(rest), False))
    for key, value in (("hash", "0" * 64), ("records", 1), ("first", 3), ("last", 99)):
        manifest = json.loads(members["MANIFEST.json"])
        manifest["audit"][key] = value
        told = {**members, "MANIFEST.json": chain.canonical(manifest)}
        found.append((f"another {key} in the manifest", repack(told), False))
    return [*found, *forgeries(members)]


def forgeries(members: dict[str, bytes]) -> list[tuple[str, bytes, bool]]:
    """The whole chain written anew: only what it says can betray it."""

    def edit(old: bytes, new: bytes) -> Callable[[list[bytes]], list[bytes]]:
        return lambda lines: [line.replace(old, new) for line in lines]

    def without(kind: bytes) -> Callable[[list[bytes]], list[bytes]]:
        return lambda lines: [line for line in lines if b'"type":"%b"' % kind not in line]

    cases: list[tuple[str, Callable[[list[bytes]], list[bytes]], bool]] = [
        ("the same again", lambda lines: lines, True),
        ("a note is added", edit(b'"detail":null', b'"detail":"x"'), True),
        (
            "another target is asked for",
            edit(b'"targets":["push/a"]', b'"targets":["push/z"]'),
            False,
        ),
        ("one more is asked for", edit(b'["push/a"]', b'["push/a","push/z"]'), False),
        ("a refused one is asked for", edit(b'["push/a"]', b'["push/running"]'), False),
        ("another target is reported", edit(b'"target":"push/a"', b'"target":"push/z"'), False),
        ("an outcome of no name", edit(b'"outcome":"refused"', b'"outcome":"gone"'), False),
        ("a deletion is hidden", edit(b'"outcome":"deleted"', b'"outcome":"refused"'), False),
        ("all intents are gone", without(b"intent"), False),
        ("a run's start is gone", without(b"run-started"), False),
        ("the targets are gone", without(b"target"), False),
        ("the runs' ends are gone", without(b"run-ended"), True),
        ("the finding is gone", without(b"finding"), True),
        ("more approvals were needed", edit(b'"required":2', b'"required":3'), False),
        ("fewer were said to be needed", edit(b'"required":2', b'"required":0'), True),
        ("an approver asked for the run", edit(b"req@acme.example", ANN.encode()), False),
        ("an approver is an alias", edit(b'["o@acme', b'["author@acme.example","ann@acme'), False),
        ("approvals were waived", edit(b'"waived":[]', b'"waived":["approvals"]'), True),
        ("the report is another", edit(b'"report":"', b'"report":"0'), False),
    ]
    return [(what, forge(members, change), good) for what, change, good in cases]


def test_two_verifiers_agree_on_every_mutation(
    world: World, second: ModuleType, tmp_path: Path
) -> None:
    cases = mutations(unpack(world.pack()))
    assert len(cases) >= 200
    for what, archive, good in cases:
        one, two = first_says(archive), second_says(second, archive, tmp_path / "e")
        assert (one is None, two is None) == (good, good), (what, one, two)
        if "line" in what:
            assert one == two, what


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"waived":[]', b'"waived":"no approvals"'),
        (b'"targets":["push/a"]', b'"targets":"push/a"'),
        (b'"required":2', b'"required":"2"'),
        (b'"required":2', b'"required":[2]'),
        (b'"aliases":{', b'"aliases":[],"x":{'),
        (b'"request":1,', b'"request":true,'),
        (b'"outcome":"deleted"', b'"outcome":["deleted"]'),
    ],
    ids=lambda one: one.decode(),
)
def test_a_member_of_the_wrong_type_does_not_verify(world: World, old: bytes, new: bytes) -> None:
    def change(lines: list[bytes]) -> list[bytes]:
        return [line.replace(old, new) for line in lines]

    members = unpack(world.pack())
    assert old in members["audit.ndjson"]
    said = first_says(forge(members, change))
    assert said is not None
    assert said[0] == "audit.ndjson"


def test_runs_of_two_journals_are_not_confused_though_they_have_one_number(
    world: World,
) -> None:
    def twice(lines: list[bytes]) -> list[bytes]:
        """The same history under two journals: the second's intents are gone."""
        other = [line.replace(b'"journal":""', b'"journal":"beef"') for line in lines]
        return [*lines, *(line for line in other if b'"type":"intent"' not in line)]

    said = first_says(forge(unpack(world.pack()), twice))
    assert said is not None
    assert said[0] == "audit.ndjson"


def test_evidence_says_of_how_many_requests_no_outcome_is_recorded(world: World) -> None:
    whole = verify.evidence(io.BytesIO(world.pack()))
    assert not any("not recorded" in one for one in whole.notes)

    def unanswered(lines: list[bytes]) -> list[bytes]:
        return [one for one in lines if b'"type":"outcome"' not in one]

    forged = forge(unpack(world.pack()), unanswered)
    asked = sum(b'"type":"intent"' in one for one in unpack(forged)["audit.ndjson"].splitlines())
    (said,) = [o for o in verify.evidence(io.BytesIO(forged)).notes if "not recorded" in o]
    assert said.startswith(f"what came of {asked} requests is not recorded")


def test_evidence_says_that_its_runs_are_of_several_journals(world: World) -> None:
    def renamed(lines: list[bytes]) -> list[bytes]:
        return [
            line.replace(b'"journal":""', b'"journal":"beef"') if b'"run":"r2"' in line else line
            for line in lines
        ]

    proven = verify.evidence(io.BytesIO(forge(unpack(world.pack()), renamed)))
    assert any("2 journals" in note and "beef" in note for note in proven.notes)


@pytest.mark.parametrize("value", [b"null", b"7", b"[]", b"{}", b"true", b'"x"'])
def test_no_member_of_any_type_breaks_the_verifier(world: World, value: bytes) -> None:
    members = unpack(world.pack())
    keys = {key for line in members["audit.ndjson"].splitlines() for key in json.loads(line)}
    for key in sorted(keys - {"seq", "prev", "hash", "at", "type"}):  # without these: no record

        def odd(lines: list[bytes], key: str = key) -> list[bytes]:
            made = []
            for line in lines:
                record = json.loads(line)
                if key in record:
                    record[key] = json.loads(value)
                made.append(json.dumps(record).encode() + b"\n")
            return made

        first_says(forge(members, odd))  # whatever it says: no other exception leaves it


def test_the_first_bad_record_is_named(world: World) -> None:
    members = unpack(world.pack())
    lines = members["audit.ndjson"].splitlines(keepends=True)
    for i, line in enumerate(lines):
        without = {**members, "audit.ndjson": b"".join([*lines[:i], *lines[i + 1 :]])}
        for archive in (repack(without), repack(without, honest=True)):
            assert first_says(archive) == ("audit.ndjson", json.loads(line)["seq"])


def test_what_is_wrong_with_an_archive_is_told_in_words_of_ours(world: World) -> None:
    packed = world.pack()
    damaged = packed[:40] + bytes(200) + packed[240:]
    for archive, said in (
        (b"no archive", "is no gzip archive, or it is damaged"),
        (damaged, "is no gzip archive, or it is damaged"),
        (packed[: len(packed) // 2], "ends too early"),
    ):
        with pytest.raises(NotVerified) as found:
            verify.evidence(io.BytesIO(archive))
        assert (found.value.member, found.value.why) == ("archive", said)


def test_random_bytes_of_the_archive_never_pass_for_good_or_break_it(world: World) -> None:
    archive = world.pack()
    chance = random.Random(4)
    raw = gzip.decompress(archive)
    for _ in range(150):
        mutated = bytearray(raw)
        place = chance.randrange(len(raw))
        mutated[place] ^= 1 << chance.randrange(8)
        said = first_says(gzip.compress(bytes(mutated), 1))
        assert said is not None, place
    for _ in range(50):
        cut = archive[: chance.randrange(len(archive))]
        assert first_says(cut) is not None


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE]
)
def test_only_regular_files_with_our_names_are_taken(world: World, kind: bytes) -> None:
    members = unpack(world.pack())
    for name, of_kind in ((f"x{kind!r}"[:2], kind), ("../x", b"0"), ("/x", b"0"), (".x", b"0")):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz", format=tarfile.USTAR_FORMAT) as tar:
            for path, content in members.items():
                entry = tarfile.TarInfo(path)
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
            odd = tarfile.TarInfo(name)
            odd.type, odd.linkname = of_kind, "plan.json"
            tar.addfile(odd)
        assert first_says(out.getvalue()) == ("archive", None)


# ---------------------------------------------------------------- approvals in it


def test_too_few_signatures_do_not_verify(world: World) -> None:
    for signatures in ([], approvals.read_signatures(world.plan)[:1]):
        said = first_says(world.pack(signatures=signatures))
        assert said is not None
        assert said[0] == "signatures"


def test_the_reader_may_bring_their_own_signers(world: World, keys: Path) -> None:
    archive = world.pack()
    own = Signers(signers(keys))
    assert verify.evidence(io.BytesIO(archive), signers=own).approved_by == (ANN, BOB)
    own = Signers(b"".join(own.allowed.splitlines(keepends=True)[1:]))
    with pytest.raises(NotVerified, match="1 of 2"):
        verify.evidence(io.BytesIO(archive), signers=own)
    with pytest.raises(NotVerified, match="allowed_signers"):
        verify.evidence(io.BytesIO(world.pack(signers=None)))


def test_a_key_that_has_expired_since_still_counts_for_its_time(world: World, keys: Path) -> None:
    day = (NOW + timedelta(days=1)).strftime("%Y%m%d")
    lines = signers(keys).decode().replace(" ssh", f' valid-before="{day}" ssh')
    assert first_says(world.pack(signers=Signers(lines.encode()))) is None
    lines = lines.replace(day, "20261119")
    assert first_says(world.pack(signers=Signers(lines.encode()))) is not None


# ---------------------------------------------------------------- the commands


def test_the_commands_pack_and_verify(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.folder)
    assert world.main("evidence", "plan.json", "--out", "e.tar.gz") == 0
    assert "10 files, 22 audit records" in capsys.readouterr().out
    assert (world.folder / "e.tar.gz").read_bytes() == world.pack(tool=_tool())
    assert world.main("verify", "e.tar.gz") == 0
    assert "approved by ann@acme.example, bob@acme.example" in capsys.readouterr().out
    assert world.main("verify", "e.tar.gz", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["valid"] is True
    assert world.main("verify", "e.tar.gz", "--allowed-signers", "reconciler.yaml") == 4
    assert world.main("verify", ".reconciler/audit.ndjson") == 0
    assert "24 records" in capsys.readouterr().out


def _tool() -> str:
    from reconciler import __version__

    return f"reconciler {__version__}"


def test_verify_names_the_first_bad_link_and_exits_4(
    world: World,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    log = (world.folder / ".reconciler" / "audit.ndjson").read_bytes().splitlines(keepends=True)
    (tmp_path / "log").write_bytes(b"".join([*log[:5], *log[6:]]))
    assert main(["verify", "log"]) == 4
    assert "log, line 6, record 6: is missing" in capsys.readouterr().out
    members = unpack(world.pack())
    lines = members["audit.ndjson"].splitlines(keepends=True)
    members["audit.ndjson"] = b"".join([*lines[:5], *lines[6:]])
    (tmp_path / "e").write_bytes(repack(members))
    assert main(["verify", "e", "--format", "json"]) == 4
    told = json.loads(capsys.readouterr().out)
    assert told["valid"] is False
    assert (told["first"]["member"], told["first"]["record"]) == ("audit.ndjson", 7)
    assert main(["verify", "absent"]) == 1


def test_evidence_that_would_not_verify_is_written_and_told(
    tmp_path: Path,
    keys: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    made = build(tmp_path, keys)
    (tmp_path / f"plan.json.{BOB}.sig").unlink()
    assert made.main("evidence", "plan.json", "--out", "e") == 4
    assert "1 of 2" in capsys.readouterr().err
    assert (tmp_path / "e").exists()


def test_evidence_of_what_is_no_plan_writes_nothing(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.folder)
    assert world.main("evidence", "reconciler.yaml", "--out", "x") == 4
    assert not (world.folder / "x").exists()
    assert [one for one in world.folder.iterdir() if one.name.startswith(".x")] == []
