"""What every command gets: a site, and where its output goes."""

import functools
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import BinaryIO, Concatenate, ParamSpec, TextIO, TypeVar

import click

from reconciler.api.project import Project
from reconciler.api.upward import project_above
from reconciler.cli._log import Log
from reconciler.errors import Exit
from reconciler.events import Listener
from reconciler.lanes.stop import Stop
from reconciler.safe import printable_json
from reconciler.site import Site

_GATHERED = 1 << 18  # characters that are written at a time
_ENDING = {signal.SIGINT: Exit.INT, signal.SIGTERM: Exit.TERM, signal.SIGHUP: Exit.HUP}


class App:
    """The rim as one value: a command takes it through `pass_app` and nothing else from outside.

    *root* is the project's folder, None: the working directory, or the nearest above it that has
    the project file. Paths in project and manifests count from it, those of the command line from
    the working directory, which `-C` has already changed. What the library tells on the way goes
    to stderr.
    """

    def __init__(
        self,
        *,
        root: Path | None,
        config: str = "reconciler.yaml",
        environ: Mapping[str, str],
        color: str = "auto",
        quiet: bool = False,
        log: Log | None = None,
    ) -> None:
        self.environ = environ
        self.log = Log() if log is None else log
        self._root = root
        self._config = config
        self.quiet = quiet
        self.output_lost = False
        self.paged = True
        """Whether a text that is longer than the screen may go through a pager."""
        self.taken = False
        """Whether standard output belongs to a file that is called `-`: no view is shown there."""
        self._color = color

    @property
    def here(self) -> Site:
        """The site of this very folder, whatever lies above."""
        return self._site(self._root or Path(), found=False)

    @cached_property
    def site(self) -> Site:
        """The site of the project that this folder lies in."""
        if self._root is not None or Path(self._config).exists():
            return self.here
        above = project_above(Path(), self._config)
        return self.here if above is None else self._site(above, found=True)

    def _site(self, root: Path, *, found: bool) -> Site:
        return Site(
            root=root,
            config=self._config,
            environ=self.environ,
            listener=_Told(self),
            stdin=_stdin,
            found=found,
        )

    def site_of(self, folder: Path) -> Site:
        """The project in *folder*, with the same surroundings."""
        site = self.site
        return Site(root=folder, config=site.config, environ=site.environ, listener=site.listener)

    @property
    def project(self) -> Project:
        """The library's view of the project: each command calls it, and shows what comes back."""
        return Project(self.site)

    # ------------------------------------------------------------ output

    @property
    def width(self) -> int:
        """Cells of a line on stdout: the terminal's, else 100."""
        if sys.stdout is None or not sys.stdout.isatty():
            return 100
        import shutil  # with all that packs archives

        return shutil.get_terminal_size((100, 24)).columns

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
        self._write(text if text.endswith("\n") else text + "\n")

    def _write(self, text: str) -> None:
        if self.taken or self.output_lost:
            return
        if sys.stdout is None:
            self.output_lost = True
            self.log.say("error: cannot write standard output: it is closed")
            return
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            if not isinstance(error, BrokenPipeError):
                self.output_lost = True
                self.log.say(f"error: cannot write standard output: {error.strerror}")

    def out_pieces(self, pieces: Iterable[str]) -> None:
        """Write a result that comes in pieces; the last ends the line if none has."""
        gathered: list[str] = []
        size = 0
        for piece in pieces:
            if size >= _GATHERED:
                self._write("".join(gathered))
                gathered, size = [], 0
            gathered.append(piece)
            size += len(piece)
        self.out("".join(gathered))

    def out_exactly(self, pieces: Iterable[str]) -> None:
        """Write *pieces* to the byte in UTF-8, whatever the terminal's encoding."""
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8", newline="\n")
        self.out_pieces(pieces)

    def out_json(self, value: object, *, indent: int | None = 2) -> None:
        """Write a result as JSON, harmless in a terminal and in a CI log, whatever it says."""
        import json

        self.out(printable_json(json.dumps(value, indent=indent)))

    def err(self, text: str) -> None:
        """Write on stderr, with a line end; already escaped, like `out`."""
        self.log.escaped(text, level="warning")

    def note(self, text: str) -> None:
        """Like `err`, and silent with `--quiet`."""
        if not self.quiet:
            self.log.escaped(text, level="info")


@contextmanager
def ended_by_signals() -> Iterator[Stop]:
    """INT, TERM and HUP end a command: a run that is under way by the stop, else by an exception.

    So what is open is closed, where TERM and HUP would end Python on the spot. A run lets what is
    in flight end; a second signal ends it at once. The journal is consistent at every instant: an
    intent without result is in doubt.
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.getsignal(number) for number in _ENDING}

    def handle(number: int, frame: FrameType | None) -> None:
        code, old = _ENDING[signal.Signals(number)], before[signal.Signals(number)]
        if stop.heeded and stop.exit is not None:
            os._exit(code)
        elif stop.heeded:
            stop.set(code)
        elif callable(old):
            old(number, frame)
        elif old is signal.SIG_DFL:
            raise SystemExit(code)

    if before[signal.SIGHUP] is signal.SIG_IGN:
        del before[signal.SIGHUP]  # nohup: the run is to outlive its terminal
    for number in before:
        signal.signal(number, handle)
    try:
        yield stop
    finally:
        for number, old in before.items():
            signal.signal(number, old)


class _Told(Listener):
    """Sentences of the library, on stderr."""

    def __init__(self, app: App) -> None:
        self._app = app

    def note(self, text: str) -> None:
        self._app.note(text)

    def aloud(self, text: str) -> None:
        self._app.err(text)


P = ParamSpec("P")
R = TypeVar("R")


def pass_app(command: Callable[Concatenate[App, P], R]) -> Callable[P, R]:
    """Give *command* the app first, once it is clear who has standard input and output."""

    @functools.wraps(command)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        from reconciler.cli._stdio import apart, taken

        ctx = click.get_current_context()
        app = ctx.find_object(App)
        assert app is not None
        app.taken = taken(ctx)
        apart(ctx, lambda: app.site)
        return command(app, *args, **kwargs)

    return called


def _stdin() -> BinaryIO | None:
    return None if sys.stdin is None else sys.stdin.buffer
