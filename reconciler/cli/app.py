"""What every command gets: where it runs, its environment, its clock, its output, its inputs."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click
import msgspec

from reconciler.errors import Diagnostic, Invalid, ReconcilerError

if TYPE_CHECKING:  # both are heavy, and `--help` needs neither
    from reconciler.driver import Driver
    from reconciler.model import Manifest, Project


class Loaded(msgspec.Struct, frozen=True):
    """Everything the files say. *project* is None when it is wrong.

    *files* are the paths that were read, the project file first. The paths of *diagnostics*
    count from the working directory, those inside *project* and *manifests* from the project's
    folder.
    """

    project: "Project | None"
    manifests: "tuple[Manifest, ...]"
    files: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def valid(self) -> bool:
        return not any(one.severity == "error" for one in self.diagnostics)


class App:
    """The rim as one value: a command takes it through `pass_app` and nothing else from outside.

    *root* is the project's folder: paths in project and manifests count from it. Paths of the
    command line count from the working directory, which `-C` has already changed.
    """

    def __init__(
        self,
        *,
        root: Path,
        config: str = "reconciler.yaml",
        environ: Mapping[str, str],
        color: str = "auto",
        quiet: bool = False,
    ) -> None:
        self.root = root
        self.config = config
        self.environ = environ
        self.quiet = quiet
        self.output_lost = False
        self._color = color

    # ------------------------------------------------------------ output

    @property
    def color(self) -> bool:
        """Whether stdout may be coloured."""
        return self._colored(sys.stdout)

    @property
    def color_err(self) -> bool:
        """Whether stderr may be coloured."""
        return self._colored(sys.stderr)

    def _colored(self, stream: TextIO | None) -> bool:
        if self._color != "auto":
            return self._color == "always"
        if self.environ.get("NO_COLOR") or self.environ.get("TERM") == "dumb":
            return False
        return stream is not None and stream.isatty()

    def out(self, text: str) -> None:
        """Write a result on stdout, with a line end. A reader that went away stops nothing.

        Foreign text must have gone through `reconciler.safe` before.
        """
        if self.output_lost or sys.stdout is None:
            return
        try:
            sys.stdout.write(text if text.endswith("\n") else text + "\n")
            sys.stdout.flush()
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            if not isinstance(error, BrokenPipeError):
                self.output_lost = True
                self.err(f"error: cannot write standard output: {error.strerror}")

    def out_json(self, value: object, *, indent: int | None = 2) -> None:
        """Write a result as JSON, harmless in a terminal and in a CI log, whatever it says."""
        import json

        self.out(printable_json(json.dumps(value, indent=indent)))

    def err(self, text: str) -> None:
        """Write on stderr, with a line end; already escaped, like `out`."""
        if sys.stderr is None:  # closed before we began; `print` would take stdout instead
            return
        try:
            print(text.removesuffix("\n"), file=sys.stderr, flush=True)
        except OSError:
            return  # nobody can be told any more; the run itself goes on

    def note(self, text: str) -> None:
        """Like `err`, and silent with `--quiet`."""
        if not self.quiet:
            self.err(text)

    # ------------------------------------------------------------ clock

    def now(self) -> datetime:
        """The real time, UTC."""
        return datetime.now(UTC)

    def plan_time(self) -> tuple[datetime, bool]:
        """*Now* for `plan` and `show`, and whether it is `SOURCE_DATE_EPOCH` (worth a warning)."""
        text = self.environ.get("SOURCE_DATE_EPOCH")
        if not text:
            return self.now(), False
        try:
            return datetime.fromtimestamp(int(text), UTC), True
        except (ValueError, OverflowError, OSError) as error:
            raise ReconcilerError(
                "SOURCE_DATE_EPOCH is not a number of seconds since 1970; unset it or mend it"
            ) from error

    # ------------------------------------------------------------ inputs

    def load_project(self) -> "Project":
        """The project file, checked; `Invalid` with everything that is wrong with it."""
        loaded = self._read_project()
        if loaded.project is None or not loaded.valid:
            raise Invalid(loaded.diagnostics)
        return loaded.project

    def load_all(self) -> "tuple[Project, tuple[Manifest, ...], tuple[Diagnostic, ...]]":
        """Project, manifests and diagnostics; `Invalid` with everything that is wrong with them.

        Metadata that the guards miss is wrong for `validate` alone: the plan refuses what such a
        manifest asks for, and says so at each action.
        """
        from reconciler.declare.manifest import METADATA

        loaded = self.read()
        wrong = any(one.severity == "error" and one.code != METADATA for one in loaded.diagnostics)
        if loaded.project is None or wrong:
            raise Invalid(loaded.diagnostics)
        return loaded.project, loaded.manifests, loaded.diagnostics

    def read(self) -> Loaded:
        """Project and manifests as far as they can be read, with all diagnostics of both."""
        from reconciler import disk
        from reconciler.declare import manifest

        loaded = self._read_project()
        folders = ("manifests",) if loaded.project is None else loaded.project.manifests
        files, problems = disk.find_manifests(self.root, folders)
        driver = self._driver_of(loaded.project)
        manifests, found = manifest.load(
            files, loaded.project, parts=lambda name: one.parts if (one := driver(name)) else None
        )
        return Loaded(
            project=loaded.project,
            manifests=manifests,
            files=(*loaded.files, *(self.shown(path) for path, _ in files)),
            diagnostics=(*loaded.diagnostics, *self._placed((*problems, *found))),
        )

    def _read_project(self) -> Loaded:
        from reconciler import disk, drivers
        from reconciler.declare import project

        data = disk.read_file(self.root / self.config, what="the project file")
        found, diagnostics = project.load(
            data, self.config, find_driver=drivers.find, driver_names=drivers.names
        )
        return Loaded(found, (), (self.shown(self.config),), self._placed(diagnostics))

    def _driver_of(self, project: "Project | None") -> "Callable[[str], Driver | None]":
        """Account name -> its driver."""
        from reconciler import drivers

        accounts = {} if project is None else project.accounts
        return lambda name: drivers.find(accounts[name].driver) if name in accounts else None

    def shown(self, path: str) -> str:
        """A path of the project's as seen from the working directory."""
        return os.path.normpath(self.root / path)

    def _placed(self, diagnostics: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
        """By file and line, seen from the working directory."""
        placed = [
            one if one.path is None else msgspec.structs.replace(one, path=self.shown(one.path))
            for one in diagnostics
        ]
        return tuple(
            sorted(placed, key=lambda one: (one.path or "", one.line or 0, one.column or 0))
        )


def printable_json(text: str) -> str:
    """ASCII JSON *text* that a CI log takes for no order (`##[` is one, wherever it stands)."""
    return text.replace("##", "#\\u0023").replace("\x7f", "\\u007f")


pass_app = click.make_pass_decorator(App)
