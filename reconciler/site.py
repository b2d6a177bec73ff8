"""A project's folder, its environment and its clock, handed in; and what its files say.

The library and the command line both begin with a `Site`: below it nothing asks the process where
it runs, what its environment holds or what time it is.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from copy import copy
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from reconciler.errors import Diagnostic, InputError, ReconcilerError
from reconciler.events import Listener
from reconciler.safe import terminal

if TYPE_CHECKING:  # all are heavy, and `--help` needs none
    from reconciler.declare.account import Account
    from reconciler.declare.manifest import Manifest
    from reconciler.declare.project import ProjectFile
    from reconciler.driver import Driver


class Loaded(msgspec.Struct, frozen=True):
    """Everything the files say. *project* is None when it is wrong.

    *files* are the paths that were read, the project file first. The paths of *diagnostics*
    count from the working directory, those inside *project* and *manifests* from the project's
    folder.
    """

    project: "ProjectFile | None"
    manifests: "tuple[Manifest, ...]"
    files: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def valid(self) -> bool:
        return not any(one.severity == "error" for one in self.diagnostics)


def real_time() -> datetime:
    """The real time, UTC."""
    return datetime.now(UTC)


class Site:
    """Where a project lies, what surrounds it, and who is told what happens there.

    *root* is the project's folder: paths in project and manifests count from it. *clock* gives
    the time, UTC. *listener* takes what is told on the way. *stdin* gives what `-` means where an
    inventory is read; None: there is no standard input. *found*: *root* was not named, but found
    above; that is told once, when the project file is read.
    """

    def __init__(
        self,
        *,
        root: Path,
        config: str = "reconciler.yaml",
        environ: Mapping[str, str],
        clock: Callable[[], datetime] = real_time,
        listener: Listener | None = None,
        stdin: Callable[[], BinaryIO | None] = lambda: None,
        found: bool = False,
    ) -> None:
        self.root = root
        self.config = config
        self.environ = environ
        self.clock = clock
        self.stdin = stdin
        self._found = found
        self._read: tuple[bytes, Loaded] | None = None  # the project file, as it was read last
        self.listener = Listener() if listener is None else listener

    def heard_by(self, listener: Listener) -> "Site":
        """The same site with another listener."""
        other = copy(self)
        other.listener = listener
        return other

    def note(self, text: str) -> None:
        """Tell a sentence meant for people; the text is already escaped."""
        self.listener.note(text)

    def warn(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Tell what the files make one wonder about, a line each."""
        for one in diagnostics:
            place = f"{one.place}: " if one.place else ""
            self.note(terminal(f"{place}{one.severity}: {one.message}"))

    def aloud(self, text: str) -> None:
        """Tell a sentence that nobody may miss; the text is already escaped."""
        self.listener.aloud(text)

    # ------------------------------------------------------------ clock

    def now(self) -> datetime:
        """The time by the site's clock, UTC."""
        return self.clock()

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

    def load_project(self) -> "ProjectFile":
        """The project file, checked; `InputError` with everything that is wrong with it."""
        loaded = self._read_project()
        if loaded.project is None or not loaded.valid:
            raise InputError(loaded.diagnostics)
        return loaded.project

    def load_all(self) -> "tuple[ProjectFile, tuple[Manifest, ...], tuple[Diagnostic, ...]]":
        """Project, manifests and diagnostics; `InputError` with everything that is wrong with them.

        Metadata that the guards miss is wrong for `validate` alone: the plan refuses what such a
        manifest asks for, and says so at each action.
        """
        from reconciler.declare.manifests import METADATA

        loaded = self.read()
        wrong = any(one.severity == "error" and one.code != METADATA for one in loaded.diagnostics)
        if loaded.project is None or wrong:
            raise InputError(loaded.diagnostics)
        return loaded.project, loaded.manifests, loaded.diagnostics

    def read(self) -> Loaded:
        """ProjectFile and manifests as far as they can be read, with all diagnostics of both."""
        from reconciler.declare import manifests as manifest_files

        loaded = self._read_project()
        files, problems = self._find_manifests(loaded.project)
        driver = self._driver_of(loaded.project)
        manifests, found = manifest_files.load(
            files, loaded.project, parts=lambda name: one.parts if (one := driver(name)) else None
        )
        return Loaded(
            project=loaded.project,
            manifests=manifests,
            files=(*loaded.files, *(self.shown(path) for path, _ in files)),
            diagnostics=(*loaded.diagnostics, *self._placed((*problems, *found))),
        )

    def _read_project(self) -> Loaded:
        from reconciler import drivers
        from reconciler.declare import project

        data = self._project_file()
        if self._read is None or self._read[0] != data:  # the same bytes say the same
            found, diagnostics = project.load(
                data, self.config, find_driver=drivers.find, driver_names=drivers.names
            )
            whole = Loaded(found, (), (self.shown(self.config),), self._placed(diagnostics))
            self._read = data, whole
        return self._read[1]

    def _project_file(self) -> bytes:
        from reconciler import disk

        place = self.root / self.config
        if not os.path.lexists(place):
            raise ReconcilerError(
                f"cannot read the project file {place}: there is none; `reconciler init` makes one,"
                " `reconciler -C DIR ...` works in the folder DIR"
            )
        if self._found:
            self._found = False
            self.note(terminal(f"project: {self.shown(self.config)}"))
        return disk.read_file(place, what="the project file")

    def _find_manifests(
        self, project: "ProjectFile | None"
    ) -> tuple[list[tuple[str, bytes]], list[Diagnostic]]:
        """The manifests, and what is wrong with the patterns that find them and with their files.

        With a project file that cannot be used, those in the default folder, if it is there.
        """
        from reconciler.declare.finding import ManifestSearch, no_manifests

        search = ManifestSearch(self.root)
        if project is None:
            search.find("manifests")
            return search.read()
        wrong = {
            index: said
            for index, pattern in enumerate(project.manifests)
            if (said := search.find(pattern)) is not None
        }
        files, problems = search.read()
        if wrong:
            problems = [*no_manifests(wrong, self._project_file(), self.config), *problems]
        return files, problems

    def named(self, *, inventory: bool = True) -> list[tuple[str, str]]:
        """What the project's files are, and where: that file itself and all that it names.

        As far as it can be read; what is wrong with it is for others to tell. *inventory*:
        whether that is asked for as well.
        """
        quiet = self.heard_by(Listener())
        found = [("the project file", self.config)]
        with suppress(ReconcilerError):
            project = quiet._read_project().project
            if project is not None:
                paths = project.inventory if inventory else ()
                found += ((f"the inventory {path}", path) for path in paths)
                if (signers := project.guards.approvals) is not None:
                    found.append(("the allowed signers", str(signers.allowed_signers)))
            manifests, _ = quiet._find_manifests(project)
            found += ((f"the manifest {path}", path) for path, _ in manifests)
        return [(what, str(self.root / path)) for what, path in found]

    def drivers_of(self, project: "ProjectFile") -> "dict[str, Driver]":
        """The drivers of the project's accounts, by account, each as its settings make it."""
        driver_of = self._driver_of(project)
        found = {}
        for account in project.accounts.values():
            driver = driver_of(account.name)
            if driver is None:
                said = f"account {account.name}: there is no driver {account.driver!r}"
                raise ReconcilerError(said)
            found[account.name] = driver
        return found

    def _driver_of(self, project: "ProjectFile | None") -> "Callable[[str], Driver | None]":
        """Account name -> its driver, as the account's settings make it."""
        from reconciler import drivers

        accounts = {} if project is None else project.accounts

        def driver_of(name: str) -> "Driver | None":
            account = accounts.get(name)
            found = None if account is None else drivers.find(account.driver)
            return None if account is None or found is None else _made(found, account)

        return driver_of

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


def _made(driver: "Driver", account: "Account") -> "Driver":
    """*driver* as the settings of *account* make it, which also says whether it lists everything.

    Where what is not listed may still exist, no listing tells that something is gone. A driver
    that does not promise a whole listing and can look at single campaigns looks, whatever is said.
    """
    made = driver.of(account.settings)
    lists = made.complete or made.look is None
    return msgspec.structs.replace(made, complete=account.complete and lists)
