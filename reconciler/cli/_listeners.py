"""What a command shows while a run goes on: progress on stderr, `--events` as JSON lines."""

import os
import sys
import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, TextIO

import click

from reconciler.cli.app import App
from reconciler.errors import ReconcilerError
from reconciler.events import Event, Listener, Relay, with_detail

if TYPE_CHECKING:  # `--help` needs neither
    from reconciler.views.events_file import EventLines
    from reconciler.views.live import Progress

EVENTS = click.option("--events", metavar="FILE|-", help="Write JSON lines while it runs.")


class EventsListener(Listener):
    """Notes go to stderr; events, made harmless, to *events*: a path, `-` for standard output.

    What else is done about an event is for subclasses: `show` gets it, harmless already.
    """

    def __init__(self, app: App, events: str | None) -> None:
        self.app = app
        self._where = events
        self._file: TextIO | None = None
        self._lines: EventLines | None = None
        self._mask: Callable[[str], str] = str

    def begin(self, numbers: Collection[str]) -> None:
        from reconciler.views.events_file import EventLines
        from reconciler.views.words import masker

        self._mask = masker(numbers, False)
        self._lines = EventLines(self._opened())

    def event(self, event: Event) -> None:
        if event.detail is not None:
            event = with_detail(event, self._mask(event.detail))
        self.show(event)
        if self._lines is not None:
            self._lines.emit(event)

    def show(self, event: Event) -> None:
        """Show *event* to whoever looks on."""
        if self.app.log.as_json and not self.app.quiet:
            self.app.log.event(event)

    def end(self) -> None:
        self._lines = None
        if self._file is not None:
            self._file.close()

    def note(self, text: str) -> None:
        self.app.note(text)

    def aloud(self, text: str) -> None:
        self.app.err(text)

    def _opened(self) -> TextIO | None:
        if self._where in (None, "-"):
            return None if self._where is None else sys.stdout
        try:
            self._file = open(self._where, "w", encoding="utf-8")  # noqa: SIM115 - until `end`
        except OSError as error:
            raise ReconcilerError(f"cannot write {self._where}: {error.strerror}") from error
        return self._file


class ProgressListener(EventsListener):
    """Progress on stderr, a live picture on a terminal."""

    _progress: "Progress | None" = None

    def begin(self, numbers: Collection[str]) -> None:
        super().begin(numbers)
        app = self.app
        if sys.stderr is None or app.quiet or app.log.as_json:  # None: it was closed
            return
        from reconciler.views.live import Progress

        self._progress = Progress(
            sys.stderr,
            live=sys.stderr.isatty() and app.environ.get("TERM") != "dumb",
            clock=time.monotonic,
            width=_width(),
            color=app.color_err,
        )

    def show(self, event: Event) -> None:
        super().show(event)
        if self._progress is not None:
            self._progress.emit(event)

    def tick(self) -> None:
        if self._progress is not None:
            self._progress.tick()

    def end(self) -> None:
        if self._progress is not None:
            self._progress.close()  # the terminal is as it was before anything else is printed
        super().end()


class LoggedListener(Relay):
    """Tells *other* everything, and the log where that is JSON lines."""

    def __init__(self, app: App, other: Listener) -> None:
        super().__init__(other)
        self._log = app.log if app.log.as_json and not app.quiet else None
        self._mask: Callable[[str], str] = str

    def begin(self, numbers: Collection[str]) -> None:
        from reconciler.views.words import masker

        super().begin(numbers)
        self._mask = masker(numbers, False)

    def event(self, event: Event) -> None:
        super().event(event)
        if self._log is not None:
            if event.detail is not None:
                event = with_detail(event, self._mask(event.detail))
            self._log.event(event)


def _width() -> int:
    try:
        return os.get_terminal_size(sys.__stderr__.fileno() if sys.__stderr__ else 2).columns
    except (OSError, ValueError):
        return 100
