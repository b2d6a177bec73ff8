"""SSH signatures over a plan's bytes: made and judged by ssh-keygen, counted here.

Nothing here decides whether a signature is good: `ssh-keygen -Y find-principals` names the
principals of its key and `ssh-keygen -Y verify` says yes or no. What is counted here is people.
Identities that a key or an alias joins are one person; one person counts once.
"""

import base64
import os
import re
import shutil
import subprocess
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from reconciler import disk
from reconciler.disk import read_file
from reconciler.errors import ReconcilerError
from reconciler.plan.spool import Spool

NAMESPACE = "reconciler-plan"
SIGNATURE_LIMIT = 64 * 1024
SIGNERS_LIMIT = 1024 * 1024
REVOKED_SUFFIX = ".revoked"
"""Beside `allowed_signers`: a file of revoked keys (a KRL, or public keys one a line)."""

# Drawn as nothing, and yet no format characters: joiners, fillers, variation selectors.
_BLANK = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
    + "".join(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
_STRANGER = "no principal of allowed_signers has its key, as of today"
_TIMEOUT = 30.0
_SIGN_TIMEOUT = 300.0  # a person types a passphrase or touches a key
_BEGIN, _END = b"-----BEGIN SSH SIGNATURE-----", b"-----END SSH SIGNATURE-----"
_MAGIC = b"SSHSIG"
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}$")
# Verifying takes nothing from the environment: dates without a zone in allowed_signers are UTC on
# every machine, so that an auditor's count is the same as ours.
_CLEAN = {"TZ": "UTC", "LC_ALL": "C"}


class ToolMissing(ReconcilerError):
    """ssh-keygen is not there, too old, or does not answer."""


@dataclass(frozen=True, slots=True)
class Signers:
    """`allowed_signers` as read once, and the revoked keys beside it, if there are any."""

    allowed: bytes
    revoked: bytes | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """*principals* count, one a person, in the order of the signatures; *rejected* do not.

    *signatures* pairs each counted principal with the signature that made it count.
    """

    principals: tuple[str, ...]
    rejected: tuple[tuple[str, str], ...]
    signatures: tuple[tuple[str, str], ...] = ()


# ---------------------------------------------------------------- files


def signature_path(plan: str, principal: str) -> str:
    """`plan.json.<principal>.sig`; what is not safe in a file name is percent-encoded."""
    return f"{plan}.{quote(principal, safe='@+,=~ ')}.sig"


def named_principal(plan: str, signature: str) -> str | None:
    """The principal that a signature's file name claims, or None."""
    head, name = f"{Path(plan).name}.", Path(signature).name
    if not (name.startswith(head) and name.endswith(".sig") and len(name) > len(head) + 4):
        return None
    return unquote(name[len(head) : -4])


def read_signers(path: Path) -> Signers:
    """Read `allowed_signers` and `allowed_signers.revoked` once. ReconcilerError if it cannot."""
    beside = path.with_name(path.name + REVOKED_SUFFIX)
    allowed = read_file(path, what="the allowed signers", most=SIGNERS_LIMIT)
    if not os.path.lexists(beside):  # a dangling link is a list that went away: an error
        return Signers(allowed)
    return Signers(allowed, read_file(beside, what="the revoked keys", most=SIGNERS_LIMIT))


def read_signatures(plan: Path) -> list[tuple[str, bytes]]:
    """Every `plan.json.*.sig` beside *plan*, by name. One too long is cut, and so never counts."""
    found = sorted(
        one
        for one in plan.parent.iterdir()
        if one.name.startswith(f"{plan.name}.") and one.name.endswith(".sig")
    )
    return [(str(one), _read_head(one, SIGNATURE_LIMIT + 1)) for one in found if one.is_file()]


def packed(signatures: Sequence[bytes]) -> bytes:
    """*signatures* as one document of JSON."""
    return msgspec.json.encode(list(signatures))


def unpacked(document: bytes) -> list[bytes]:
    """The signatures that `packed` made *document* of. ReconcilerError if it is another."""
    try:
        return msgspec.json.decode(document, type=list[bytes])
    except msgspec.MsgspecError as error:
        raise ReconcilerError(
            "what `apply` kept in .reconciler/signatures of this plan is damaged; move it aside,"
            " and put the signatures beside the plan"
        ) from error


def _read_head(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        raise ReconcilerError(f"{path} cannot be read: {error.strerror}") from error


# ---------------------------------------------------------------- signing


_KEYS = "give a private key file, or the public key of one that the agent of SSH_AUTH_SOCK holds"


def sign(plan_bytes: bytes | Spool, key: str) -> bytes:
    """Sign *plan_bytes* with a private key file, or a public one whose other half an agent holds.

    ssh-keygen asks on the terminal for what it needs (passphrase, PIN, touch). Returns the armored
    signature. ReconcilerError if there is none.
    """
    command = [_tool(), "-q", "-Y", "sign", "-n", NAMESPACE, "-f", key]
    if not (os.path.isfile(key) or os.path.isfile(f"{key}.pub")):  # of either, an agent may know
        raise ReconcilerError(f"there is no key file {key}: nothing was signed ({_KEYS})")
    try:
        # stderr stays the terminal's: hardware keys ask there to be touched
        done: subprocess.CompletedProcess[bytes] = subprocess.run(
            command,
            **fed(plan_bytes),
            stdout=subprocess.PIPE,
            timeout=_SIGN_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ReconcilerError(f"nothing was signed within {_SIGN_TIMEOUT:.0f} s") from error
    except (OSError, ValueError) as error:
        raise ToolMissing(
            f"ssh-keygen cannot be run: {disk.why(error)}; nothing was signed"
        ) from error
    if done.returncode or not done.stdout.startswith(b"-----BEGIN SSH SIGNATURE-----"):
        raise ReconcilerError(f"ssh-keygen could not sign with {key}: nothing was signed ({_KEYS})")
    return done.stdout


# ---------------------------------------------------------------- judging


class Bench:
    """Private copies of the signers' files, so that what is checked is what is counted.

    A context manager. *now* (aware) is the time at which validity dates are judged.
    """

    def __init__(self, signers: Signers, *, now: datetime) -> None:
        self._signers = signers
        self._time = now.astimezone(UTC).strftime("%Y%m%d%H%M%S")

    def __enter__(self) -> "Bench":
        with ExitStack() as stack:
            self._at = Path(stack.enter_context(TemporaryDirectory(prefix="reconciler-")))
            self._tool = _tool()
            self._allowed = self._write("allowed_signers", self._signers.allowed)
            self._lines = self._signers.allowed.splitlines(keepends=True)
            self._revoked = (
                []
                if self._signers.revoked is None
                else ["-r", str(self._write("revoked", self._signers.revoked))]
            )
            self._until_exit = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._until_exit.close()

    def _write(self, name: str, content: bytes) -> Path:
        (path := self._at / name).write_bytes(content)
        return path

    def stranger(self, signature: bytes) -> bool:
        """Whether the signature's key surely stands nowhere in `allowed_signers`.

        It spares ssh-keygen a question that it would answer with no: a folder may hold hundreds of
        signatures by anybody. A certificate, or what cannot be read, is ssh-keygen's to judge, but
        not what does not even look like a signature.
        """
        if _BEGIN not in signature:
            return True
        key = _key_of(signature)
        return key is not None and key not in self._signers.allowed

    def principals(self, signature: bytes) -> tuple[str, ...]:
        """Every principal that `allowed_signers` names for the signature's key, in its order.

        ssh-keygen stops at the first line that fits; the later ones are found by asking again
        for the rest of the file.
        """
        path = self._write("signature", signature)
        found: list[str] = []
        rest = self._lines
        while rest and (names := self._find(path, rest)):
            found.extend(names)
            low, high = (
                0,
                len(rest),
            )  # the line that fits is the last of the shortest head that does
            while low + 1 < high:
                middle = (low + high) // 2
                low, high = (low, middle) if self._find(path, rest[:middle]) else (middle, high)
            rest = rest[high:]
        return tuple(dict.fromkeys(found))

    def _find(self, signature: Path, lines: Sequence[bytes]) -> list[str]:
        part = self._write("part", b"".join(lines))
        done = self._run("find-principals", "-s", str(signature), "-f", str(part))
        return _text(done.stdout).splitlines() if done.returncode == 0 else []

    def verify(
        self, plan_bytes: bytes | Spool, signature: bytes, principal: str
    ) -> tuple[str | None, str]:
        """(the key's fingerprint, "") if it is good for *principal*, else (None, why not)."""
        if not principal or "\x00" in principal:
            return None, "not a principal"
        path = self._write("signature", signature)
        names = ["-I", principal, "-n", NAMESPACE, "-s", str(path)]
        done = self._run(
            "verify", "-f", str(self._allowed), *names, *self._revoked, data=plan_bytes
        )
        said = _FINGERPRINT.search(_text(done.stdout).strip())
        if done.returncode == 0 and said:
            return said.group(), ""
        why = _text(done.stderr) or _text(done.stdout)
        return None, " ".join(why.replace(str(self._at), "").split())[:200]

    def _run(
        self, action: str, *arguments: str, data: bytes | Spool = b""
    ) -> "subprocess.CompletedProcess[bytes]":
        command = [self._tool, "-Y", action, f"-Overify-time={self._time}", *arguments]
        try:
            return subprocess.run(
                command,
                **fed(data),
                capture_output=True,
                env=_CLEAN,
                timeout=_TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            late = f"ssh-keygen could not check a signature within {_TIMEOUT:.0f} s"
            raise ToolMissing(late) from error
        except (OSError, ValueError) as error:
            said = f"ssh-keygen could not check a signature: {disk.why(error)}"
            raise ToolMissing(said) from error


def fed(data: bytes | Spool) -> dict[str, Any]:
    """What makes *data* the standard input of a process: from the file that it lies in, if any."""
    if isinstance(data, bytes):
        return {"input": data}
    file = data.file()
    return {"input": data.read()} if file is None else {"stdin": file}


def _tool() -> str:
    found = shutil.which("ssh-keygen")
    if found is None:
        raise ToolMissing("ssh-keygen is not installed: approvals need OpenSSH 8.9 or newer")
    return found


def _key_of(signature: bytes) -> bytes | None:
    """The public key in an armored signature, in base64 as `allowed_signers` writes it.

    None for a certificate and for what is not of the form (PROTOCOL.sshsig of OpenSSH).
    """
    lines = [line.strip() for line in signature.strip().splitlines()]
    if len(lines) < 3 or lines[0] != _BEGIN or lines[-1] != _END:
        return None
    try:
        blob = base64.b64decode(b"".join(lines[1:-1]), validate=True)
        key = _field(blob, len(_MAGIC) + 4)
        kind = _field(key, 0)
    except ValueError:
        return None
    if not blob.startswith(_MAGIC) or b"-cert-" in kind:
        return None
    return base64.b64encode(key)


def _field(blob: bytes, at: int) -> bytes:
    """The length-prefixed field of *blob* that begins at *at*; ValueError if it is not whole."""
    size = int.from_bytes(blob[at : at + 4], "big")
    found = blob[at + 4 : at + 4 + size]
    if len(blob) < at + 4 or len(found) != size:
        raise ValueError("a field ends too early")
    return found


def _text(output: bytes) -> str:
    return output.decode("utf-8", "surrogateescape")


def principals_for(
    plan_bytes: bytes | Spool,
    signature: bytes,
    signers: Signers,
    *,
    now: datetime,
    asked: str | None = None,
) -> tuple[str, ...]:
    """The principals for which *signature* is good today, in the order of `allowed_signers`.

    *asked* is tried too: a pattern or a certificate may speak for names the file does not spell.
    """
    with Bench(signers, now=now) as bench:
        names = dict.fromkeys((*bench.principals(signature), *([asked] if asked else [])))
        return tuple(one for one in names if bench.verify(plan_bytes, signature, one)[0])


# ---------------------------------------------------------------- counting


def count(
    plan_bytes: bytes | Spool,
    signatures: Sequence[tuple[str, bytes]],
    signers: Signers,
    *,
    author: str | None,
    aliases: Mapping[str, Sequence[str]],
    requested_by: Sequence[str],
    now: datetime,
    plan_name: str = "plan.json",
) -> Counted:
    """Who approved *plan_bytes*: distinct people, neither the author nor a requester.

    *signatures*: (path, content); a file named `plan.json.<principal>.sig` speaks for that
    principal if its key may, else for the first one its key may speak for. *aliases*: a name and
    its other names, one person all. A key that can speak for the author or a requester counts for
    nobody. Raises `ToolMissing` if ssh-keygen cannot be asked.
    """
    people = _People(aliases)
    barred = [(name, "the author") for name in _identities(author)]
    barred += [(name, "who asked for the run") for one in requested_by for name in _identities(one)]
    judged: list[tuple[str, str | None, str]] = []
    with Bench(signers, now=now) as bench:
        court = _Court(bench, plan_bytes)
        for path, content in signatures:
            claimed = named_principal(plan_name, path)
            heard = _Hearing(court, people, barred, content)
            judged.append((path, *heard.verdict(claimed)))
    counted: list[tuple[str, str]] = []
    rejected: list[tuple[str, str]] = []
    for path, principal, why in judged:  # only now is it known who shares a key with whom
        if principal is None:
            rejected.append((path, why))
        elif who := next((who for name, who in barred if people.same(name, principal)), None):
            rejected.append((path, f"{principal} is {who}"))
        elif twin := next((one for one, _ in counted if people.same(one, principal)), None):
            known = "has already signed" if twin == principal else f"and {twin} are one person"
            rejected.append((path, f"{principal} {known}; each person counts once"))
        else:
            counted.append((principal, path))
    return Counted(tuple(one for one, _ in counted), tuple(rejected), tuple(counted))


def shortfall(counted: Counted, *, required: int, author: str | None) -> str | None:
    """Why *counted* is not enough, or None. *required*: the larger of the plan's and today's."""
    if required <= 0:
        return None
    if author is None:
        return "approvals are required and the plan names no author (plan with --author)"
    if (have := len(counted.principals)) >= required:
        return None
    names = f" ({', '.join(counted.principals)})" if have else ""
    others = "".join(f"; {path}: {why}" for path, why in counted.rejected)
    return f"{have} of {required} approvals{names}{others}"


class _Court:
    """What the bench says of signatures of one plan; nothing is asked twice."""

    def __init__(self, bench: Bench, plan_bytes: bytes | Spool) -> None:
        self.stranger = bench.stranger
        self.verify = cache(partial(bench.verify, plan_bytes))
        self._principals: dict[bytes, tuple[str, ...]] = {}
        self._bench = bench

    def principals(self, signature: bytes) -> tuple[str, ...]:
        """As `Bench.principals`, once for each key."""
        key = _key_of(signature) or signature
        if key not in self._principals:
            self._principals[key] = self._bench.principals(signature)
        return self._principals[key]


@dataclass(frozen=True, slots=True)
class _Hearing:
    """One signature before the court."""

    court: _Court
    people: "_People"
    barred: Sequence[tuple[str, str]]
    content: bytes

    def verdict(self, claimed: str | None) -> tuple[str | None, str]:
        """(the principal it speaks for, "") or (None, why it speaks for nobody)."""
        if len(self.content) > SIGNATURE_LIMIT:
            return None, f"longer than {SIGNATURE_LIMIT} bytes"
        if self.court.stranger(self.content):
            return None, _STRANGER
        known = self.court.principals(self.content)
        why = _STRANGER
        for name in dict.fromkeys((*([claimed] if claimed else []), *known)):
            fingerprint, said = self._good_for(name)
            if fingerprint is not None and invisible(name):
                return None, f"{name!a} has characters that nobody sees; correct allowed_signers"
            if fingerprint is not None:
                self.people.join(fingerprint, name, *known)
                return self._unless_barred(name)
            why = said if known and said else why
        return None, why

    def _unless_barred(self, principal: str) -> tuple[str | None, str]:
        """A key that may speak for the author (a pattern may) is the author's."""
        for barred, who in self.barred:
            for name in self.people.names(barred):
                if self._good_for(name)[0]:
                    return None, f"its key speaks for {name}, {who}"
        return principal, ""

    def _good_for(self, name: str) -> tuple[str | None, str]:
        return self.court.verify(self.content, name)


class _People:
    """Which identities (names as they compare, key fingerprints) are one person."""

    def __init__(self, aliases: Mapping[str, Sequence[str]]) -> None:
        self._groups: dict[str, set[str]] = {}
        self._written: dict[str, str] = {}
        for name, others in aliases.items():
            self.join(name, *others)

    def join(self, *identities: str) -> None:
        """All *identities* belong to one person. A negated pattern names nobody."""
        named = [one for one in identities if not one.startswith("!")]
        group: set[str] = set()
        for one in named:
            key = _compared(one)
            self._written.setdefault(key, one)
            group |= self._groups.get(key, {key})
        for key in group:
            self._groups[key] = group

    def same(self, one: str, other: str) -> bool:
        key = _compared(other)
        return key in self._groups.get(_compared(one), {_compared(one)})

    def names(self, one: str) -> list[str]:
        """*one* and the other names of that person, as they were written."""
        group = self._groups.get(_compared(one), set()) - {_compared(one)}
        written = (self._written[key] for key in group)
        return [one, *sorted(name for name in written if not _FINGERPRINT.fullmatch(name))]


def _identities(text: str | None) -> list[str]:
    """The names in *text*: itself, and the address in `Name <address>`."""
    if not text:
        return []
    address = re.fullmatch(r"[^<>]*<([^<>]+)>\s*", text)
    return [text.strip(), *([address.group(1)] if address else [])]


def _compared(identity: str) -> str:
    # Neither case nor what nobody sees tells two people apart: that can only lower the count.
    # Fingerprints keep their case.
    if _FINGERPRINT.fullmatch(identity):
        return identity
    seen = "".join(char for char in unicodedata.normalize("NFKC", identity) if not _unseen(char))
    return unicodedata.normalize("NFKC", seen.casefold()).strip()


def _unseen(char: str) -> bool:
    """Whether *char* is a control or format character, or is drawn as nothing."""
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn") or char in _BLANK


def invisible(principal: str) -> bool:
    """Whether *principal* has characters that nobody sees, so that it looks like another."""
    return any(_unseen(char) for char in principal)
