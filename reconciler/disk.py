"""The rim towards files: what may be read, how it is read, how it is written whole.

Errors name paths and sources, never content.
"""

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, TypeVar

from reconciler.errors import Diagnostic, ReconcilerError

if TYPE_CHECKING:
    from reconciler.driver import Credential, Settings

MAX_BYTES = 10 * 1024 * 1024
MAX_CREDENTIAL = 64 * 1024
_SUFFIXES = (".yaml", ".yml")

# ---------------------------------------------------------------- reading


def read_file(
    path: Path, *, what: str = "the file", most: int = MAX_BYTES, shown: str | None = None
) -> bytes:
    """The bytes of a regular file of at most *most* bytes; a symlink to one is followed.

    Nothing else is opened, and a FIFO that takes the file's place in between cannot hang us.
    *shown*: the path as errors name it.
    """
    name = str(path) if shown is None else shown
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise ReconcilerError(f"cannot read {what} {name}: it is not a regular file")
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (OSError, ValueError) as error:
        raise ReconcilerError(f"cannot read {what} {name}: {_why(error)}") from error
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ReconcilerError(f"cannot read {what} {name}: it is not a regular file")
        try:
            data = file.read(most + 1)
        except OSError as error:
            raise ReconcilerError(f"cannot read {what} {name}: {_why(error)}") from error
    if len(data) > most:
        raise ReconcilerError(f"cannot read {what} {name}: it is larger than {most} bytes")
    return data


def _why(error: OSError | ValueError) -> str:
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


def find_manifests(
    root: Path, patterns: Sequence[str]
) -> tuple[list[tuple[str, bytes]], list[Diagnostic]]:
    """The manifests of the project in *root*: (path, bytes), sorted by path, and what is wrong.

    A pattern is a file, a folder (its `*.yaml` and `*.yml` in any case, recursively) or a glob.
    Paths count from *root*, with `/`. What cannot be read is an error and stops nothing else.
    """
    problems: list[Diagnostic] = []
    found: set[str] = set()
    for pattern in patterns:
        matched = set(_matching(root, pattern, problems))
        if not matched:
            problems.append(_nothing(root, pattern))
        found |= matched
    files: list[tuple[str, bytes]] = []
    folded: dict[str, str] = {}
    for path in sorted(found):
        twin = folded.setdefault(path.casefold(), path)
        if twin != path:
            said = f"differs from {twin} only in case; some systems see one file"
            problems.append(_problem("case-twin", said, path, "rename one of them"))
        if not path.isprintable():
            # No plan, log or report could name it as it is; lone surrogates are bytes not UTF-8.
            said = "the path holds control or invisible characters, or is not UTF-8"
            problems.append(_problem("file-name", said, path, "rename it"))
            continue
        try:
            real = inside(root, path)
            files.append((path, read_file(real, what="the manifest", shown=path)))
        except ReconcilerError as error:
            problems.append(_problem("unreadable", str(error), path, None))
    return files, problems


def _nothing(root: Path, pattern: str) -> Diagnostic:
    there = os.path.lexists(root / pattern)
    said = f"no manifest in {pattern}" if there else f"{pattern} finds nothing"
    return Diagnostic("warning", "no-manifests", said, pattern if there else None)


def _problem(code: str, message: str, path: str, fix: str | None) -> Diagnostic:
    return Diagnostic("error", code, message, path, None, None, fix)


def _matching(root: Path, pattern: str, problems: list[Diagnostic]) -> Iterator[str]:
    names = [pattern]
    if set(pattern) & set("*?[") and not os.path.lexists(root / pattern):
        import glob

        names = glob.glob(pattern, root_dir=root, recursive=True)
    for name in names:
        place = root / name
        if place.is_dir():
            yield from _in_folder(root, name, problems)
        elif os.path.lexists(place):
            yield PurePath(os.path.normpath(name)).as_posix()


def _in_folder(root: Path, folder: str, problems: list[Diagnostic]) -> Iterator[str]:
    """Files by suffix below *folder*; a linked folder is entered only as *folder* itself.

    One below it that leads to what is not read anyway is an error: it may hold keeps.
    """
    try:
        top = inside(root, folder)
    except ReconcilerError:
        yield PurePath(folder).as_posix()  # told when it is read
        return

    def unreadable(error: OSError) -> None:
        below = PurePath(folder) / os.path.relpath(error.filename, top)
        said = f"cannot list the folder: {_why(error)}"
        problems.append(_problem("unreadable", said, os.path.normpath(below), None))

    for here, folders, names in os.walk(top, onerror=unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in folders:
            linked = Path(here, name)
            if linked.is_symlink() and not Path(os.path.realpath(linked)).is_relative_to(top):
                below = PurePath(folder) / PurePath(here).relative_to(top) / name
                said = "is a link to a folder, which is not entered"
                fix = "move the folder in, or name it under `manifests` of the project file"
                problems.append(_problem("linked-folder", said, os.path.normpath(below), fix))
        for name in names:
            if name.lower().endswith(_SUFFIXES) and not name.startswith("."):
                below = PurePath(here).relative_to(top) / name
                yield (PurePath(os.path.normpath(folder)) / below).as_posix()


# ---------------------------------------------------------------- credentials

S = TypeVar("S", bound="Settings")


def read_credential(credential: "Credential", root: Path, environ: Mapping[str, str]) -> str:
    """The secret itself: one trailing newline removed, printable ASCII. Errors never show it.

    A file may be anywhere and may be a symlink; a relative path counts from *root*.
    """
    if credential.env is not None:
        text = environ.get(credential.env)
        if text is None:
            raise ReconcilerError(f"the environment variable {credential.env} is not set")
        data = text.encode("utf-8", "surrogateescape")
        if len(data) > MAX_CREDENTIAL:
            raise ReconcilerError(f"the credential from {credential.source} is too large")
    else:
        assert credential.file is not None
        place = root / Path(credential.file)
        data = read_file(place, what="the credential file", most=MAX_CREDENTIAL)
    data = data.removesuffix(b"\n").removesuffix(b"\r") if data.endswith(b"\n") else data
    if not data:
        raise ReconcilerError(f"the credential from {credential.source} is empty")
    if any(byte < 0x20 or byte > 0x7E for byte in data) or data.strip() != data:
        raise ReconcilerError(
            f"the credential from {credential.source} holds blanks at an end, line ends, control"
            " characters or non-ASCII; nothing was sent. Write it anew, in one line"
        )
    return data.decode("ascii")


def resolve(settings: S, root: Path, environ: Mapping[str, str]) -> S:
    """*settings* with every credential read."""
    from msgspec import structs

    read = {
        name: credential.resolved(read_credential(credential, root, environ))
        for name, credential in settings.credentials().items()
    }
    found: S = structs.replace(settings, **read)
    return found


# ---------------------------------------------------------------- writing


def make_folder(path: Path) -> None:
    """Make the folder *path* and those above it, if they are not there."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReconcilerError(f"cannot make the folder {path}: {_why(error)}") from error


def write_whole(path: Path, data: bytes) -> None:
    """Put *data* at *path*, whole or not at all, and durably; permissions of an old file stay.

    A symlink is followed: the file it leads to is replaced. OSErrors become ReconcilerErrors that
    name the path and the bytes needed.
    """
    place = Path(os.path.realpath(path))
    try:
        replace(place, [data])
    except OSError as error:
        said = f"cannot write {path} ({len(data)} bytes): {_why(error)}; it is as it was"
        raise ReconcilerError(said) from error


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


def _beside(place: Path) -> tuple[int, Path]:
    """A new file in the folder of *place*, nobody else's: its descriptor, and where it is.

    As `tempfile` does it, which loads what compresses and archives files too.
    """
    while True:
        name = place.with_name(f".{place.name[:100]}.{os.urandom(6).hex()}")
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        with contextlib.suppress(FileExistsError):
            return os.open(name, flags, 0o600), name


def _mode(place: Path) -> int:
    """The permissions of the file that is replaced, else what the umask leaves."""
    try:
        status = os.stat(place)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
    if not stat.S_ISREG(status.st_mode):
        raise OSError(0, "it is not a regular file")
    return stat.S_IMODE(status.st_mode)
