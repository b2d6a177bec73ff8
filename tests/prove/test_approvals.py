"""Signatures are judged by the real ssh-keygen; each case is also asked of it directly."""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.errors import ReconcilerError
from reconciler.prove import approvals
from reconciler.prove.approvals import Counted, Signers

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
PLAN = b'{"kind":"Plan"}\n' * 1300  # about 20 KB
AUTHOR = "author@acme.example"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five key pairs, a certificate authority, and a certificate of `carl` for carl@ and cc@."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("ann", "ann2", "bob", "author", "stranger", "authority", "carl"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name))
    authority, carl = str(folder / "authority"), str(folder / "carl.pub")
    names = "carl@acme.example,cc@acme.example"
    run("ssh-keygen", "-q", "-s", authority, "-I", "carl", "-n", names, carl)
    return folder


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=30)


def public(keys: Path, name: str) -> str:
    return " ".join((keys / f"{name}.pub").read_text().split()[:2])


def signers(keys: Path, *lines: tuple[str, str], revoked: str | None = None) -> Signers:
    text = "".join(f"{head} {public(keys, name)}\n" for head, name in lines)
    return Signers(text.encode(), None if revoked is None else public(keys, revoked).encode())


def signed(
    keys: Path, name: str, data: bytes = PLAN, namespace: str = approvals.NAMESPACE
) -> bytes:
    command = ["ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", str(keys / name)]
    return subprocess.run(
        command, input=data, stdout=subprocess.PIPE, check=True, timeout=30
    ).stdout


def count(
    signatures: Sequence[tuple[str, bytes]],
    allowed: Signers,
    *,
    data: bytes = PLAN,
    author: str | None = AUTHOR,
    aliases: dict[str, tuple[str, ...]] | None = None,
    requested_by: Iterable[str] = (),
    now: datetime = NOW,
) -> Counted:
    return approvals.count(
        data,
        signatures,
        allowed,
        author=author,
        aliases=aliases or {},
        requested_by=tuple(requested_by),
        now=now,
    )


def ssh_keygen_says(
    tmp_path: Path, signature: bytes, allowed: Signers, who: str, data: bytes = PLAN
) -> bool:
    """The plain command that an auditor would type."""
    (tmp_path / "sig").write_bytes(signature)
    (tmp_path / "allowed").write_bytes(allowed.allowed)
    command = ["ssh-keygen", "-Y", "verify", "-f", str(tmp_path / "allowed"), "-I", who]
    command += ["-n", "reconciler-plan", "-s", str(tmp_path / "sig")]
    command += ["-O", f"verify-time={NOW:%Y%m%d%H%M%S}"]
    if allowed.revoked is not None:
        (tmp_path / "revoked").write_bytes(allowed.revoked)
        command += ["-r", str(tmp_path / "revoked")]
    done = subprocess.run(
        command, input=data, capture_output=True, env={"TZ": "UTC"}, check=False, timeout=30
    )
    return done.returncode == 0


ANN, BOB = "ann@acme.example", "bob@acme.example"
ANN_SIG, BOB_SIG = f"plan.json.{ANN}.sig", f"plan.json.{BOB}.sig"


def test_two_people_count_as_two(keys: Path) -> None:
    allowed = signers(keys, (ANN, "ann"), (BOB, "bob"))
    found = count([(ANN_SIG, signed(keys, "ann")), (BOB_SIG, signed(keys, "bob"))], allowed)
    assert found.principals == (ANN, BOB)
    assert found.rejected == ()
    assert found.signatures == ((ANN, ANN_SIG), (BOB, BOB_SIG))


@pytest.mark.parametrize(
    ("line", "key", "namespace", "good"),
    [
        (ANN, "ann", "reconciler-plan", True),
        (ANN, "stranger", "reconciler-plan", False),
        (ANN, "ann", "file", False),
        (f'{ANN} namespaces="reconciler-plan"', "ann", "reconciler-plan", True),
        (f'{ANN} namespaces="reconciler-*,file"', "ann", "reconciler-plan", True),
        (f'{ANN} namespaces="file"', "ann", "reconciler-plan", False),
        (f'{ANN} valid-before="20261120Z"', "ann", "reconciler-plan", False),
        (f'{ANN} valid-before="20261120"', "ann", "reconciler-plan", False),
        (f'{ANN} valid-before="20261121"', "ann", "reconciler-plan", True),
        (f'{ANN} valid-after="20261120085959"', "ann", "reconciler-plan", True),
        (f'{ANN} valid-after="20261120090001"', "ann", "reconciler-plan", False),
        (f"{ANN} cert-authority", "ann", "reconciler-plan", False),
        ("*@acme.example", "ann", "reconciler-plan", False),  # the author's name fits as well
        ("a*@acme.example,!author@*", "ann", "reconciler-plan", True),
        ('"ann smith@acme.example"', "ann", "reconciler-plan", True),
        (f"# {ANN}", "ann", "reconciler-plan", False),
    ],
)
def test_a_signature_counts_exactly_when_ssh_keygen_says_yes(
    keys: Path, tmp_path: Path, line: str, key: str, namespace: str, good: bool
) -> None:
    who = "ann smith@acme.example" if line.startswith('"') else ANN
    allowed = signers(keys, (line, "ann"))
    signature = signed(keys, key, namespace=namespace)
    found = count([(approvals.signature_path("plan.json", who), signature)], allowed)
    assert bool(found.principals) is good
    if line != "*@acme.example":
        assert ssh_keygen_says(tmp_path, signature, allowed, who) is good
        assert found.principals == ((who,) if good else ())


def test_a_revoked_key_does_not_count(keys: Path, tmp_path: Path) -> None:
    allowed = signers(keys, (ANN, "ann"), (BOB, "bob"), revoked="ann")
    both = [(ANN_SIG, signed(keys, "ann")), (BOB_SIG, signed(keys, "bob"))]
    assert count(both, allowed).principals == (BOB,)
    assert not ssh_keygen_says(tmp_path, both[0][1], allowed, ANN)


def test_an_unreadable_list_of_revoked_keys_lets_nothing_count(keys: Path) -> None:
    allowed = Signers(signers(keys, (ANN, "ann")).allowed, b"junk\n")
    assert count([(ANN_SIG, signed(keys, "ann"))], allowed).principals == ()


def test_revoked_keys_are_read_from_beside_allowed_signers(keys: Path, tmp_path: Path) -> None:
    place = tmp_path / "allowed_signers"
    place.write_bytes(signers(keys, (ANN, "ann")).allowed)
    assert approvals.read_signers(place).revoked is None
    (tmp_path / "allowed_signers.revoked").write_text(public(keys, "ann"))
    assert count([(ANN_SIG, signed(keys, "ann"))], approvals.read_signers(place)).principals == ()
    (tmp_path / "allowed_signers.revoked").unlink()
    (tmp_path / "allowed_signers.revoked").symlink_to(tmp_path / "gone")
    with pytest.raises(ReconcilerError):
        approvals.read_signers(place)


def test_the_author_does_not_count_by_any_name(keys: Path) -> None:
    allowed = signers(keys, (AUTHOR, "author"))
    one = [(f"plan.json.{AUTHOR}.sig", signed(keys, "author"))]
    assert count(one, allowed).principals == ()
    assert count(one, allowed, author=AUTHOR.upper()).principals == ()
    assert count(one, allowed, author=f"An Author <{AUTHOR}>").principals == ()
    aliases: dict[str, tuple[str, ...]] = {"octocat": (AUTHOR, "o@home.example")}
    for author in ("octocat", "o@home.example", "Octocat"):
        found = count(one, allowed, author=author, aliases=aliases)
        assert found.principals == ()
        assert "author" in found.rejected[0][1]
    assert count(one, allowed, author="else@acme.example", aliases=aliases).principals == (AUTHOR,)


def test_who_asked_for_the_run_does_not_count_and_neither_do_their_aliases(keys: Path) -> None:
    allowed = signers(keys, (ANN, "ann"), (BOB, "bob"))
    both = [(ANN_SIG, signed(keys, "ann")), (BOB_SIG, signed(keys, "bob"))]
    assert count(both, allowed, requested_by=[BOB]).principals == (ANN,)
    named = {"hubot": (BOB,)}
    assert count(both, allowed, aliases=named, requested_by=["hubot"]).principals == (ANN,)
    assert count(both, allowed, requested_by=[ANN, BOB]).principals == ()


def test_a_key_that_may_speak_for_the_author_is_the_authors(keys: Path) -> None:
    one = [(ANN_SIG, signed(keys, "ann"))]
    for line in (f"{ANN},{AUTHOR}", f"{AUTHOR},{ANN}", "*", "a*@acme.example"):
        assert count(one, signers(keys, (line, "ann"))).principals == ()
    twice = signers(keys, (ANN, "ann"), (BOB, "bob"), (AUTHOR, "ann"))
    assert count(one, twice).principals == ()


def test_one_person_with_two_keys_counts_once(keys: Path) -> None:
    allowed = signers(keys, (ANN, "ann"), (ANN, "ann2"))
    two = [(ANN_SIG, signed(keys, "ann")), ("plan.json.x.sig", signed(keys, "ann2"))]
    found = count(two, allowed)
    assert found.principals == (ANN,)
    assert "once" in found.rejected[0][1]


def test_one_key_under_two_names_counts_once_whatever_the_files_are_called(keys: Path) -> None:
    one = signed(keys, "ann")
    for lines in ([(f"{ANN},{BOB}", "ann")], [(ANN, "ann"), (BOB, "ann")], [("*@else", "ann")]):
        names = ("y@else", "z@else") if lines[0][0] == "*@else" else (ANN, BOB)
        files = [(f"plan.json.{name}.sig", one) for name in names]
        assert count(files, signers(keys, *lines)).principals == (names[0],)


def test_names_that_any_key_joins_are_one_person(keys: Path) -> None:
    allowed = signers(keys, (f"{ANN},{BOB}", "ann"), (BOB, "bob"))
    files = [(ANN_SIG, signed(keys, "ann")), (BOB_SIG, signed(keys, "bob"))]
    assert count(files, allowed).principals == (ANN,)
    apart = signers(keys, (ANN, "ann"), (BOB, "bob"))
    assert count(files, apart, aliases={"ann": (ANN, BOB)}).principals == (ANN,)


def test_a_signature_speaks_for_the_principal_of_its_file_name_if_its_key_may(keys: Path) -> None:
    allowed = signers(keys, (f"{ANN},{BOB}", "ann"))
    one = signed(keys, "ann")
    for name, who in [(BOB_SIG, BOB), ("plan.json.stranger.sig", ANN), ("else.sig", ANN)]:
        assert count([(name, one)], allowed).principals == (who,)


def test_every_line_that_names_the_key_is_found(keys: Path) -> None:
    filler = [(f"n{i}@acme.example", "stranger") for i in range(40)]
    lines = [*filler, (ANN, "ann"), *filler, ("x@acme.example", "ann"), (BOB, "bob"), *filler]
    with approvals.Bench(signers(keys, *lines), now=NOW) as bench:
        assert bench.principals(signed(keys, "ann")) == (ANN, "x@acme.example")
        assert bench.principals(signed(keys, "bob")) == (BOB,)
        assert bench.principals(signed(keys, "author")) == ()


def test_where_ssh_keygen_is_missing_no_folder_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    bench = approvals.Bench(Signers(b"", None), now=NOW)
    with pytest.raises(ReconcilerError, match="not installed"), bench:
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_certificate_counts_for_a_principal_it_names(keys: Path, tmp_path: Path) -> None:
    shutil.copy(keys / "carl", tmp_path / "carl")
    shutil.copy(keys / "carl-cert.pub", tmp_path / "carl-cert.pub")
    signature = approvals.sign(PLAN, str(tmp_path / "carl-cert.pub"))
    allowed = signers(keys, ("*@acme.example cert-authority", "authority"))
    name = approvals.signature_path("plan.json", "cc@acme.example")
    assert count([(name, signature)], allowed).principals == ("cc@acme.example",)
    assert count([("plan.json.ann@acme.example.sig", signature)], allowed).principals == (
        "carl@acme.example",
    )
    assert count([(name, signature)], allowed, author="carl@acme.example").principals == ()
    assert ssh_keygen_says(tmp_path, signature, allowed, "cc@acme.example")


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00", b"junk\n", b"-----BEGIN SSH SIGNATURE-----\nAAAA\n", b"A" * 70_000],
)
def test_what_is_no_signature_counts_for_nobody(keys: Path, content: bytes) -> None:
    found = count([(ANN_SIG, content)], signers(keys, (ANN, "ann")))
    assert found.principals == ()
    assert found.rejected[0][0] == ANN_SIG


def test_a_signature_padded_beyond_the_limit_does_not_count(keys: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_bytes(PLAN)
    good = signed(keys, "ann")
    (tmp_path / ANN_SIG).write_bytes(good + b"\n" * approvals.SIGNATURE_LIMIT)
    (tmp_path / BOB_SIG).mkdir()
    (tmp_path / "plan.json.sig").write_bytes(b"")
    (tmp_path / "other.json.x.sig").write_bytes(good)
    read = approvals.read_signatures(plan)
    assert [Path(path).name for path, _ in read] == [ANN_SIG, "plan.json.sig"][: len(read)]
    found = count(read, signers(keys, (ANN, "ann")))
    assert found.principals == ()
    assert "longer" in found.rejected[0][1]


def test_hostile_principals_in_file_names_reach_no_option(keys: Path, tmp_path: Path) -> None:
    allowed = signers(keys, (ANN, "ann"))
    for name in ("-f/etc/passwd", "-Ycheck-novalidate", "--", "x\ny", "\x00", "%s", "../../x"):
        path = approvals.signature_path("plan.json", name)
        assert "/" not in path
        assert approvals.named_principal("plan.json", path) == name
        assert count([(path, signed(keys, "ann"))], allowed).principals == (ANN,)
        assert count([(path, signed(keys, "stranger"))], allowed).principals == ()


def test_a_flipped_byte_anywhere_in_the_plan_counts_for_nobody(keys: Path) -> None:
    signature = signed(keys, "ann")
    allowed = signers(keys, (ANN, "ann"))
    with approvals.Bench(allowed, now=NOW) as bench:
        assert bench.verify(PLAN, signature, ANN)[0]
        for place in range(0, len(PLAN), 400):  # `benchmarks/flipped_bytes.py` walks all of them
            flipped = bytearray(PLAN)
            flipped[place] ^= 1 << (place // 400 % 8)
            assert bench.verify(bytes(flipped), signature, ANN)[0] is None
    assert count([(ANN_SIG, signature)], allowed, data=PLAN + b"\n").principals == ()
    assert count([(ANN_SIG, signature)], allowed, data=PLAN[:-1]).principals == ()


def test_signing_never_changes_what_is_signed(keys: Path) -> None:
    before = hashlib.sha256(PLAN).digest()
    signature = approvals.sign(PLAN, str(keys / "ann"))
    assert count([(ANN_SIG, signature)], signers(keys, (ANN, "ann"))).principals == (ANN,)
    assert hashlib.sha256(PLAN).digest() == before


def test_a_key_that_cannot_sign_is_told(keys: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for key in (str(keys / "absent"), "-", str(keys / "ann") + "\x00"):
        with pytest.raises(ReconcilerError, match=r"^there is no key file .*nothing was signed"):
            approvals.sign(PLAN, key)
    assert capfd.readouterr().err == ""  # nobody else speaks
    none = keys / "none"
    none.write_text("no key")
    with pytest.raises(ReconcilerError, match="could not sign"):
        approvals.sign(PLAN, str(none))
    capfd.readouterr()


@pytest.mark.parametrize(
    ("names", "required", "author", "says"),
    [
        ((), 0, None, None),
        (("a", "b"), 2, "x", None),
        (("a", "b", "c"), 2, "x", None),
        (("a",), 2, "x", "1 of 2"),
        ((), 1, "x", "0 of 1"),
        (("a", "b"), 2, None, "author"),
    ],
)
def test_the_shortfall_is_told(
    names: tuple[str, ...], required: int, author: str | None, says: str | None
) -> None:
    told = approvals.shortfall(Counted(names, ()), required=required, author=author)
    assert (told is None) if says is None else (told is not None and says in told)


UNSEEN = ["\u200b", "\u00ad", "\u2060", "\ufeff", "\u034f", "\u3164", "\ufe0f", "\U000e0041"]


@pytest.mark.parametrize("char", UNSEEN, ids=ascii)
def test_a_principal_with_a_character_that_nobody_sees_counts_for_nobody(
    keys: Path, char: str
) -> None:
    shown = f"ann{char}@acme.example"
    allowed = signers(keys, (shown, "ann"), ("bob@acme.example", "bob"))
    counted = count([("a.sig", signed(keys, "ann")), ("b.sig", signed(keys, "bob"))], allowed)
    assert counted.principals == ("bob@acme.example",)
    ((_, why),) = counted.rejected
    assert "nobody sees" in why
    assert char not in why


@pytest.mark.parametrize("char", UNSEEN, ids=ascii)
def test_an_author_with_such_a_character_is_still_the_author(keys: Path, char: str) -> None:
    allowed = signers(keys, ("ann@acme.example", "ann"))
    signatures = [("a.sig", signed(keys, "ann"))]
    counted = count(signatures, allowed, author=f"a{char}nn@acme.example")
    assert counted.principals == ()


@pytest.mark.parametrize("char", UNSEEN, ids=ascii)
def test_whoever_asked_for_the_run_with_such_a_character_still_asked(keys: Path, char: str) -> None:
    """Nor does an alias of the author that has one hide the author."""
    allowed = signers(keys, (ANN, "ann"), (BOB, "bob"))
    both = [(ANN_SIG, signed(keys, "ann")), (BOB_SIG, signed(keys, "bob"))]
    assert count(both, allowed, requested_by=[f"b{char}ob@acme.example"]).principals == (ANN,)
    aliases: dict[str, tuple[str, ...]] = {"octo": (f"an{char}n@acme.example",)}
    assert count(both, allowed, author="octo", aliases=aliases).principals == (BOB,)


@pytest.mark.parametrize("what", ["strangers", "copies", "another plan's", "noise"])
def test_a_folder_full_of_signatures_costs_few_questions(
    keys: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    asked: list[str] = []
    run_ = approvals.Bench._run

    def counted_run(self: approvals.Bench, action: str, *more: str, data: bytes = b"") -> object:
        asked.append(action)
        return run_(self, action, *more, data=data)

    some = {
        "strangers": lambda n: signed(keys, "stranger"),
        "copies": lambda n: signed(keys, "ann"),
        "another plan's": lambda n: signed(keys, "ann", data=b"another plan %d" % n),
        "noise": lambda n: b"no signature %d" % n,
    }[what]
    made = [some(n) for n in range(3)]
    monkeypatch.setattr(approvals.Bench, "_run", counted_run)
    every = [(f"{n}.sig", made[n % 3]) for n in range(300)]
    allowed = signers(keys, ("ann@acme.example", "ann"))
    counted = count([*every, ("a.sig", signed(keys, "ann"))], allowed)
    assert counted.principals == ("ann@acme.example",)
    assert len(counted.rejected) == 300
    assert len(asked) < 20
