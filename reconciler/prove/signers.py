"""The file of allowed signers, line by line: what is wrong with it, before anybody relies on it.

`ssh-keygen` passes over a line that it cannot read, and whoever stands there cannot approve.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.errors import Diagnostic

_KEY = re.compile(r"(?:^|\s)((?:sk-)?(?:ssh|ecdsa)-[A-Za-z0-9@.-]+)\s+([A-Za-z0-9+/=]+)(?:\s|$)")
_PRIVATE = "-----BEGIN"
_FIX = 'write `NAME ssh-ed25519 AAAA…`: a name, then the first two words of the ".pub" file'


@dataclass(frozen=True, slots=True)
class SignerLine:
    """One line: whose key it is. *principals* may hold patterns."""

    principals: tuple[str, ...]
    key: str
    authority: bool


def listed(data: bytes) -> list[SignerLine]:
    """Every line that can be read."""
    found = (_read(line) for _, line in _lines(data))
    return [one for one in found if isinstance(one, SignerLine)]


def wrong(data: bytes, path: str) -> list[Diagnostic]:
    """What is wrong with the file, each with its place; a file without a line is, too."""
    found = []
    several = list(_lines(data))
    for number, line in several:
        said = _read(line)
        if isinstance(said, str):
            found.append(Diagnostic("error", "allowed-signers", said, path, number, 1, _FIX))
            if _PRIVATE in line:
                break  # the lines that follow are the key's, and no others'
    if not several:
        said = "nobody is listed, so nobody can approve"
        found.append(Diagnostic("error", "allowed-signers", said, path, 1, 1, _FIX))
    return found


def _lines(data: bytes) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line.strip()


def _read(line: str) -> SignerLine | str:
    """The line read, or what is wrong with it; a private key is never quoted."""
    if _PRIVATE in line:
        return "this is a private key; take it out, and make another"
    found = _KEY.search(line)
    if found is None:
        return "this names no public key"
    if found.start() == 0:
        return "the line begins with a key; whose it is comes first"
    try:
        blob = base64.b64decode(found[2], validate=True)
    except binascii.Error:
        return "the key is cut, or not as it was written"
    size = int.from_bytes(blob[:4], "big")
    if blob[4 : 4 + size] != found[1].encode() or len(blob) <= 4 + size:
        return "the key is cut, or not of the kind that stands before it"
    names, _, options = line[: found.start()].partition(" ")
    principals = tuple(one for one in names.strip('"').split(",") if one)
    return SignerLine(principals, found[2], "cert-authority" in options)
