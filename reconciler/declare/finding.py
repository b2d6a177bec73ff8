"""Which files are manifests: folders and globs of the project file, read safely, in one order.

A link to a folder is never entered, but where it is named itself: it may lead round in circles, or
to what nobody reviews. Each one is told.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePath

from reconciler import disk
from reconciler.declare.strict import parse
from reconciler.errors import Diagnostic, ReconcilerError

_SUFFIXES = (".yaml", ".yml")


class ManifestSearch:
    """The manifests of the project in *root*: looks for one pattern after another.

    A pattern is a file, a folder (its `*.yaml` and `*.yml` in any case, recursively) or a glob.
    Paths count from *root*, with `/`.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._found: set[str] = set()
        self._problems: dict[Diagnostic, None] = {}  # each once, in order

    def find(self, pattern: str) -> str | None:
        """Take what *pattern* finds; what is wrong with the pattern itself, None if nothing is."""
        there = os.path.lexists(self._root / pattern)
        if not there and not _is_glob(pattern):
            return f"`{pattern}` is not there"
        found: set[str] = set()
        for name in [pattern] if there else self._globbed(pattern):
            if (self._root / name).is_dir():
                found.update(self._below(name))
            else:
                found.add(PurePath(os.path.normpath(name)).as_posix())
        if not found and not there:
            return f"`{pattern}` finds no manifest"
        if not found:
            self._tell("no-manifests", f"no manifest in {pattern}", pattern, warning=True)
        self._found |= found
        return None

    def read(self) -> tuple[list[tuple[str, bytes]], list[Diagnostic]]:
        """The files (path, bytes) by path, and everything that is wrong with some.

        What cannot be read is an error and stops nothing else.
        """
        files: list[tuple[str, bytes]] = []
        folded: dict[str, str] = {}
        for path in sorted(self._found):
            twin = folded.setdefault(path.casefold(), path)
            if twin != path:
                said = f"differs from {twin} only in case; some systems see one file"
                self._tell("case-twin", said, path, "rename one of them")
            if not path.isprintable():
                # No plan, log or report could name it as it is; lone surrogates are not UTF-8.
                said = "the path holds control or invisible characters, or is not UTF-8"
                self._tell("file-name", said, path, "rename it")
                continue
            try:
                real = disk.inside(self._root, path)
                files.append((path, disk.read_file(real, what="the manifest", shown=path)))
            except ReconcilerError as error:
                self._tell("unreadable", str(error), path)
        return files, list(self._problems)

    def _tell(
        self, code: str, said: str, path: str, fix: str | None = None, *, warning: bool = False
    ) -> None:
        severity = "warning" if warning else "error"
        self._problems[Diagnostic(severity, code, said, path, None, None, fix)] = None

    # ------------------------------------------------------------ folders

    def _below(self, folder: str) -> Iterator[str]:
        """Files by suffix below *folder*, which may be a link itself."""
        try:
            top = disk.inside(self._root, folder)
        except ReconcilerError:
            yield PurePath(folder).as_posix()  # told when it is read
            return
        shown = PurePath(os.path.normpath(folder))

        def unreadable(error: OSError) -> None:
            below = shown / os.path.relpath(error.filename, top)
            said = f"cannot list the folder: {disk.why(error)}"
            self._tell("unreadable", said, os.path.normpath(below))

        for here, folders, names in os.walk(top, onerror=unreadable):
            at = shown / PurePath(here).relative_to(top)
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in folders:
                self._is_link(at / name, top)
            for name in names:
                if name.lower().endswith(_SUFFIXES) and not name.startswith("."):
                    yield (at / name).as_posix()

    def _is_link(self, path: PurePath, top: Path | None) -> bool:
        """Whether the folder *path* is a link, which is told.

        *top*: a folder that is read whole. It is an error if the link leads to what is not read
        there: that may hold keeps.
        """
        place = self._root / path
        if not place.is_symlink():
            return False
        known = top is not None and _is_read_below(top, Path(os.path.realpath(place)))
        said = "is a link to a folder, which is not entered"
        fix = "move the folder in, or name it under `manifests` of the project file"
        if known:
            said, fix = f"{said}; what it leads to is read where it lies", "remove the link"
        self._tell("linked-folder", said, path.as_posix(), fix, warning=known)
        return True

    # ------------------------------------------------------------ globs

    def _globbed(self, pattern: str) -> list[str]:
        """Paths that the glob *pattern* finds; `**` is any number of folders."""
        steps: list[str] = []
        for part in PurePath(pattern).parts:
            if part != "**" or steps[-1:] != ["**"]:
                steps.append(part)
        return sorted({path.as_posix() for path in self._steps(PurePath(), steps)})

    def _steps(self, at: PurePath, steps: Sequence[str]) -> Iterator[PurePath]:
        """What *steps* find in the folder *at*; a link that they name is entered."""
        if not steps:
            yield at
            return
        step, rest = steps[0], steps[1:]
        if step == "**":
            yield from self._any_depth(at, rest)
        elif not _is_glob(step):
            if os.path.lexists(self._root / at / step):
                yield from self._steps(at / step, rest)
        else:
            for path in self._listed(at):
                hidden = path.name.startswith(".") and not step.startswith(".")
                if hidden or not fnmatchcase(path.name, step):
                    continue
                if not os.path.isdir(self._root / path):
                    yield from [] if rest else [path]
                elif not self._is_link(path, None):
                    yield from self._steps(path, rest)

    def _any_depth(self, at: PurePath, rest: Sequence[str]) -> Iterator[PurePath]:
        """What *rest* finds in *at* and in every folder below it."""
        top = Path(os.path.realpath(self._root / at))
        todo = [at]
        while todo:
            here = todo.pop()
            yield from self._steps(here, rest)
            todo += [
                path
                for path in self._listed(here)
                if not path.name.startswith(".")
                and os.path.isdir(self._root / path)
                and not self._is_link(path, top)
            ]

    def _listed(self, folder: PurePath) -> list[PurePath]:
        """What is in *folder*, by name; nothing if it is none."""
        try:
            names = os.listdir(disk.inside(self._root, str(folder)))
        except NotADirectoryError:
            return []
        except OSError as error:
            said = f"cannot list the folder: {disk.why(error)}"
            self._tell("unreadable", said, folder.as_posix())
            return []
        except ReconcilerError as error:
            self._tell("unreadable", str(error), folder.as_posix())
            return []
        return [folder / name for name in sorted(names)]


def no_manifests(wrong: Mapping[int, str], data: bytes, path: str) -> list[Diagnostic]:
    """What is *wrong* with the patterns of `manifests`, by index, placed in the project file."""
    document = parse(data, path)[0][0]
    fix = "mend the path, or write `manifests: []` as long as there are none"
    found = []
    for index, said in wrong.items():
        line, column = document.blame(("spec", "manifests", index))
        found.append(Diagnostic("error", "no-manifests", said, path, line, column, fix))
    return found


def _is_glob(text: str) -> bool:
    return not set(text).isdisjoint("*?[")


def _is_read_below(top: Path, place: Path) -> bool:
    """Whether all of the folder *place* is read when *top* is, which leaves out what is hidden."""
    if not place.is_relative_to(top):
        return False
    return not any(part.startswith(".") for part in place.relative_to(top).parts)
