"""What happens, as JSON lines on a stream: `--events`."""

from typing import TextIO

from reconciler.events import Event, to_json_line


class EventLines:
    """Takes events, writes each to *stream*; a reader that went away stops nothing."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def emit(self, event: Event) -> None:
        """Write *event*; after a failed write nothing is written any more."""
        if self._stream is None:
            return
        try:
            self._stream.write(to_json_line(event))
            self._stream.flush()
        except (OSError, ValueError):
            self._stream = None
