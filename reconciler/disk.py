"""The rim towards files: what may be read, how it is read, how it is written whole.

Errors name paths and sources, never content.
"""

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from reconciler.errors import ReconcilerError

MAX_BYTES = 10 * 1024 * 1024
_PART = 1 << 20  # bytes that are read at a time


class _Closes(Protocol):
    def close(self) -> None: ...


@contextlib.contextmanager
def closed_on_failure(opened: _Closes) -> Iterator[None]:
    """Close *opened*, which else stays open, if what is done here with it fails."""
    try:
        yield
    except BaseException:
        opened.close()
        raise


# ---------------------------------------------------------------- reading


def read_file(
    path: Path, *, what: str = "the file", most: int = MAX_BYTES, shown: str | None = None
) -> bytes:
    """The bytes of a regular file of at most *most* bytes; a symlink to one is followed.

    Nothing else is opened, and a FIFO that takes the file's place in between cannot hang us.
    *shown*: the path as errors name it.
    """
    return b"".join(read_parts(path, what=what, most=most, shown=shown))


def read_parts(
    path: Path, *, what: str = "the file", most: int = MAX_BYTES, shown: str | None = None
) -> Iterator[bytes]:
    """The same, a part at a time."""
    name = str(path) if shown is None else shown
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise ReconcilerError(f"cannot read {what} {name}: it is not a regular file")
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (OSError, ValueError) as error:
        raise ReconcilerError(f"cannot read {what} {name}: {why(error)}") from error
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ReconcilerError(f"cannot read {what} {name}: it is not a regular file")
        left = most
        while True:
            try:
                data = file.read(min(_PART, left + 1))
            except OSError as error:
                raise ReconcilerError(f"cannot read {what} {name}: {why(error)}") from error
            if not data:
                return
            if len(data) > left:
                raise ReconcilerError(f"cannot read {what} {name}: it is larger than {most} bytes")
            left -= len(data)
            yield data


def why(error: OSError | ValueError) -> str:
    """What the system says of *error*, as the end of a sentence."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    return "not a path"


def inside(root: Path, path: str) -> Path:
    """The real place of the project's file *path*; an error if it is outside of *root*.

    For files that manifests or the project name: symlinks are not followed out of the project.
    """
    real = Path(os.path.realpath(root / path))
    if not real.is_relative_to(os.path.realpath(root)):
        raise ReconcilerError(f"{path} leads out of the project's folder; move it in")
    return real


# ---------------------------------------------------------------- writing


def make_folder(path: Path) -> None:
    """Make the folder *path* and those above it, if they are not there."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReconcilerError(f"cannot make the folder {path}: {why(error)}") from error


def write_whole(path: Path, data: bytes) -> None:
    """Put *data* at *path*, whole or not at all, and durably; permissions of an old file stay.

    A symlink is followed: the file it leads to is replaced. OSErrors become ReconcilerErrors that
    name the path and the bytes needed.
    """
    write_parts(path, [data])


def write_parts(path: Path, parts: Iterable[bytes]) -> None:
    """The same of *parts*, which are never held together."""
    size = 0

    def counted() -> Iterator[bytes]:
        nonlocal size
        for part in parts:
            size += len(part)
            yield part

    try:
        replace(_place(path), counted())
    except OSError as error:
        said = f"cannot write {path} ({size} bytes): {why(error)}; it is as it was"
        raise ReconcilerError(said) from error


def write_new(path: Path, data: bytes) -> None:
    """Put *data* at *path*, whole and durably, and never over anything that is there."""
    try:
        descriptor, name = _beside(path)
        try:
            with open(descriptor, "wb") as file:
                os.fchmod(descriptor, _mode(path))
                file.write(data)
                file.flush()
                os.fsync(descriptor)
            os.link(name, path)
        finally:
            os.unlink(name)
    except FileExistsError as error:
        raise ReconcilerError(f"{path} is there already; it is as it was") from error
    except OSError as error:
        raise ReconcilerError(f"cannot write {path}: {why(error)}") from error


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """A file that appears at *path* only when all of it is on disk, for nobody else to read.

    OSErrors become ReconcilerErrors; whatever is raised meanwhile leaves *path* as it was.
    """
    try:
        place = _place(path)
        descriptor, name = _beside(place)
        try:
            with open(descriptor, "w+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, place)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        raise ReconcilerError(f"cannot write {path}: {why(error)}; it is as it was") from error


def replace(place: Path, parts: Iterable[bytes]) -> None:
    """Put *parts* at *place*, no link, as `write_whole` does; raises OSErrors as they are.

    The parts may be read from the very file that they replace; what reading them raises leaves it.
    """
    descriptor, name = _beside(place)
    try:
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, _mode(place))
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(descriptor)
        os.replace(name, place)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    folder = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def probe(folder: Path) -> None:
    """Write a file in *folder*, durably, and take it away again; raises OSErrors as they are."""
    descriptor, name = _beside(folder / "probe")
    try:
        with open(descriptor, "wb") as file:
            file.write(b"probe")
            file.flush()
            os.fsync(file.fileno())
    finally:
        os.unlink(name)


def _beside(place: Path) -> tuple[int, Path]:
    """A new file in the folder of *place*, nobody else's: its descriptor, and where it is.

    As `tempfile` does it, which loads what compresses and archives files too.
    """
    if not place.name:
        raise OSError(0, "it is the root of all folders")
    while True:
        name = place.with_name(f".{place.name[:100]}.{os.urandom(6).hex()}")
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        with contextlib.suppress(FileExistsError):
            return os.open(name, flags, 0o600), name


def _place(path: Path) -> Path:
    """Where *path* leads to. OSError if that is a folder, a device or a pipe: none is replaced."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise OSError(0, "it is not a regular file")
    except FileNotFoundError:
        pass
    except ValueError as error:
        raise OSError(0, "it is not a path") from error
    return Path(os.path.realpath(path))


def _mode(place: Path) -> int:
    """The permissions of the file that is replaced, else what the umask leaves."""
    try:
        return stat.S_IMODE(os.stat(place).st_mode)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
