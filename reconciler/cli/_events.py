"""`--events`: what happens, as JSON lines in a file or on standard output."""

import sys
from typing import TextIO

from reconciler.errors import ReconcilerError
from reconciler.events import Event, to_json_line


class EventsFile:
    """Where `--events` leads: a path, `-` for standard output, None for nowhere."""

    def __init__(self, where: str | None) -> None:
        self._file: TextIO | None = sys.stdout if where == "-" else None
        self._owned = where not in (None, "-")
        if where is not None and self._owned:
            try:
                self._file = open(where, "w", encoding="utf-8")  # noqa: SIM115 - closed below
            except OSError as error:
                raise ReconcilerError(f"cannot write {where}: {error.strerror}") from error

    def write(self, event: Event) -> None:
        """Tell *event*; a reader that went away stops nothing."""
        if self._file is None:
            return
        try:
            self._file.write(to_json_line(event))
            self._file.flush()
        except (OSError, ValueError):
            self._file = None

    def close(self) -> None:
        """Let go of a file that is ours."""
        if self._owned and self._file is not None:
            self._file.close()
