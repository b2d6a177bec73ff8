"""Credentials, read from where the project file says: the environment, or a file of their own."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from reconciler import disk
from reconciler.driver import Credential, Settings
from reconciler.errors import ReconcilerError

MAX_CREDENTIAL = 64 * 1024

S = TypeVar("S", bound=Settings)


def read_credential(credential: Credential, root: Path, environ: Mapping[str, str]) -> str:
    """The secret itself: one trailing newline removed, printable ASCII. Errors never show it.

    A file may be anywhere and may be a symlink; a relative path counts from *root*.
    """
    if credential.env is not None:
        text = environ.get(credential.env)
        if text is None:
            raise ReconcilerError(
                f"the environment variable {credential.env} is not set; set it, or say"
                " `{file: PATH}` in the project file"
            )
        data = text.encode("utf-8", "surrogateescape")
        if len(data) > MAX_CREDENTIAL:
            raise ReconcilerError(
                f"the credential from {credential.source} is too large; write the secret alone"
            )
    else:
        assert credential.file is not None
        place = root / Path(credential.file)
        data = disk.read_file(place, what="the credential file", most=MAX_CREDENTIAL)
    data = data.removesuffix(b"\n").removesuffix(b"\r") if data.endswith(b"\n") else data
    if not data:
        raise ReconcilerError(
            f"the credential from {credential.source} is empty; write the secret there, in one line"
        )
    if any(byte < 0x20 or byte > 0x7E for byte in data) or data.strip() != data:
        raise ReconcilerError(
            f"the credential from {credential.source} holds blanks at an end, line ends, control"
            " characters or non-ASCII; nothing was sent. Write it anew, in one line"
        )
    return data.decode("ascii")


def resolve(settings: S, root: Path, environ: Mapping[str, str]) -> S:
    """*settings* with every credential read."""
    return settings.resolved(
        {
            name: read_credential(credential, root, environ)
            for name, credential in settings.credentials().items()
        }
    )
