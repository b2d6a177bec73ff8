"""`verify`: evidence, or an audit log, checked offline."""

import os
import shutil
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, cast

from reconciler import disk
from reconciler.api.given import One
from reconciler.errors import NotVerified, ReconcilerError
from reconciler.prove import approvals, chain
from reconciler.prove import verify as verifying
from reconciler.prove.proofs import Proven, Verified

_GZIP = b"\x1f\x8b"
_FIRST = 1 << 20  # bytes of a first line that are looked at
_NEITHER = (
    "is neither evidence nor an audit log; name what `evidence --out` wrote, or audit.ndjson of the"
    " state's folder"
)


def verify(path: One | BinaryIO, *, allowed_signers: One | None = None) -> Proven | Verified:
    """Check an evidence archive, or an audit log, offline; what it shows.

    *path*: a file, or a stream.

    Raises `NotVerified` for the first thing that does not hold. *allowed_signers*: a list to count
    the approvals against, in place of the archive's own.
    """
    name = Path(path).name if isinstance(path, str | os.PathLike) else "standard input"
    signers = None if allowed_signers is None else approvals.read_signers(Path(allowed_signers))
    with _opened(path) as stream:
        begins = stream.readline(_FIRST)
        stream.seek(0)
        if begins.startswith(_GZIP):
            return verifying.evidence(stream, signers=signers)
        if begins.strip() and b'"seq"' not in begins and b'"hash"' not in begins:
            raise NotVerified(name, _NEITHER, line=1)
        try:
            return chain.verify(stream)
        except chain.BadLink as error:
            raise NotVerified(name, error.why, error.seq, error.line) from error


def _opened(source: One | BinaryIO) -> BinaryIO:
    if not isinstance(source, str | os.PathLike):
        copy = cast(BinaryIO, TemporaryFile())  # noqa: SIM115 - closed by whoever reads it
        with disk.closed_on_failure(copy):
            shutil.copyfileobj(source, copy)
            copy.seek(0)
        return copy
    path = Path(source)
    try:
        if path.exists() and not path.is_file():
            raise ReconcilerError(f"cannot read {path}: it is not a regular file")
        return path.open("rb")
    except (OSError, ValueError) as error:
        raise ReconcilerError(f"cannot read {path}: {disk.why(error)}") from error
