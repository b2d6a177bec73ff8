"""Which files are manifests: folders and globs of the project file, read safely, in one order."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

from reconciler import disk
from reconciler.errors import Diagnostic, ReconcilerError

_SUFFIXES = (".yaml", ".yml")


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
            real = disk.inside(root, path)
            files.append((path, disk.read_file(real, what="the manifest", shown=path)))
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
        top = disk.inside(root, folder)
    except ReconcilerError:
        yield PurePath(folder).as_posix()  # told when it is read
        return

    def unreadable(error: OSError) -> None:
        below = PurePath(folder) / os.path.relpath(error.filename, top)
        said = f"cannot list the folder: {disk.why(error)}"
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
