"""How a run goes on, on a stream: a live picture on a terminal, plain lines anywhere else.

Progress is a courtesy: a stream that is closed, full or poor in letters never disturbs the run.
The first failed write switches it off; letters the stream cannot encode are replaced.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Self, TextIO

from reconciler.events import Event
from reconciler.views.progress import Picture

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

_REDRAW = 0.1  # seconds between two pictures
_AT_ONCE = ("account-started", "account-stopped", "account-done")


class Progress:
    """Takes events, writes to *stream*; never raises for what the stream does.

    *live*: redraw in place (only on a terminal); else a line now and then, without control codes.
    *clock* gives monotonic seconds. No thread: what is drawn changes with `emit` and `tick`.
    """

    def __init__(
        self,
        stream: TextIO | None,
        *,
        live: bool,
        clock: Callable[[], float],
        width: int = 80,
        color: bool = False,
        every: int | None = None,
    ) -> None:
        self._out = _Stream(stream)
        self._clock = clock
        self._width = max(width, 40)
        self._color = color
        self._picture = Picture(clock) if every is None else Picture(clock, every=every)
        self._live_wanted = live
        self._live: Live | None = None
        self._drawn = float("-inf")

    @property
    def off(self) -> bool:
        """Whether a write failed; nothing is written any more."""
        return self._out.off

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def emit(self, event: Event) -> None:
        """Take *event* in; draw or write what it changes."""
        if self.off:
            return
        if event.account is None:
            if event.kind == "run-ended":
                self.close()
            return
        news = self._picture.take(event)
        if self._live_wanted:
            self._draw(now=event.kind in _AT_ONCE)
        elif news:
            self._out.write(f"{news}\n")
            self._out.flush()

    def tick(self) -> None:
        """Draw again though nothing happened (times go on)."""
        if self._live is not None:
            self._draw()

    def close(self) -> None:
        """Leave the last picture and give the cursor back; may be called more than once."""
        if self._live is not None:
            live, self._live = self._live, None
            live.update(self._text())
            live.stop()
        self._live_wanted = False

    def _draw(self, *, now: bool = False) -> None:
        moment = self._clock()
        if self.off or (not now and moment - self._drawn < _REDRAW):
            return
        self._drawn = moment
        if self._live is None:
            self._live = _live(self._out, self._width, color=self._color)
            self._live.start()
        self._live.update(self._text(), refresh=True)

    def _text(self) -> Text:
        from rich.text import Text

        lines = self._picture.lines(self._width, unicode=self._out.unicode)
        return Text("\n").join([Text(line, no_wrap=True, end="") for line in lines])


# ---------------------------------------------------------------- the stream


class _Stream:
    """A text stream that cannot fail: after the first error it swallows everything."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.off = stream is None  # Python's word for a standard stream that was closed
        self.encoding = getattr(stream, "encoding", None) or "utf-8"
        try:
            "━╌…·".encode(self.encoding)
        except (UnicodeError, LookupError):
            self.unicode = False
        else:
            self.unicode = True

    def write(self, text: str) -> int:
        if self._stream is not None and not self.off:
            try:
                self._stream.write(text if self.unicode else self._plain(text))
            except (OSError, ValueError):
                self.off = True
        return len(text)

    def flush(self) -> None:
        if self._stream is not None and not self.off:
            try:
                self._stream.flush()
            except (OSError, ValueError):
                self.off = True

    def isatty(self) -> bool:
        return True  # asked by rich alone, and only where the caller chose the live picture

    def _plain(self, text: str) -> str:
        poor = text.replace("…", "...").replace("·", "-").replace("•", "*")
        try:
            return poor.encode(self.encoding, "replace").decode(self.encoding)
        except LookupError:
            return poor.encode("ascii", "replace").decode("ascii")


def _live(out: _Stream, width: int, *, color: bool) -> Live:
    from rich.console import Console
    from rich.live import Live

    console = Console(
        file=out,  # type: ignore[arg-type]
        width=width,
        force_terminal=True,
        color_system="standard" if color else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        _environ={},
    )
    return Live(
        console=console,
        auto_refresh=False,
        redirect_stdout=False,
        redirect_stderr=False,
        vertical_overflow="ellipsis",
    )
