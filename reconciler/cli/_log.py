"""Where everything but results goes: stderr, as sentences for people or as JSON lines."""

import sys
from collections.abc import Sequence
from typing import Literal

import click

from reconciler import safe
from reconciler.errors import Diagnostic
from reconciler.events import Event, to_json_line
from reconciler.site import real_time

LogFormat = Literal["text", "json"]


class Log:
    """Takes what is told beside the result. A stream that is closed or full stops nothing.

    As JSON a line is what `reconciler.views.log` makes of it, and what happens in a run its event
    (`type`, as `--events` writes it).
    """

    def __init__(self) -> None:
        self.format: LogFormat = "text"

    @property
    def as_json(self) -> bool:
        """Whether lines are JSON objects."""
        return self.format == "json"

    def say(self, text: str, *, level: str = "error") -> None:
        """Say *text*, which may be foreign, line by line."""
        if self.as_json:
            self._sentence(level, text.removesuffix("\n"))
        else:
            self._write("\n".join(safe.terminal(line) for line in text.split("\n")))

    def escaped(self, text: str, *, level: str) -> None:
        """Say *text*, which is already harmless on a terminal."""
        text = text.removesuffix("\n")
        if self.as_json:
            self._sentence(level, text)
        else:
            self._write(text)

    def diagnostics(self, diagnostics: Sequence[Diagnostic]) -> None:
        """Say *diagnostics*, each with its fix."""
        from reconciler.views import log

        for one in diagnostics:
            if self.as_json:
                self._write(log.diagnostic(real_time(), one))
                continue
            place = f"{one.place}: " if one.place else ""
            self._write(safe.terminal(f"{place}{one.severity}: {one.message}"))
            if one.fix:
                self._write(safe.advice(f"    fix: {one.fix}"))

    def event(self, event: Event) -> None:
        """Say what happened in a run, as JSON."""
        self._write(to_json_line(event).removesuffix("\n"))

    def _sentence(self, level: str, message: str) -> None:
        from reconciler.views import log

        self._write(log.sentence(real_time(), level, message))

    def _write(self, text: str) -> None:
        if sys.stderr is None:  # closed before we began; `print` would take stdout instead
            return
        try:
            print(text, file=sys.stderr, flush=True)
        except OSError:
            return  # nobody can be told any more; the run itself and the exit code stand


def _chosen(ctx: click.Context, _: click.Parameter, value: LogFormat) -> None:
    ctx.ensure_object(Log).format = value


# Eager: a command line that is wrong is told in this format too.
LOG_FORMAT = click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    is_eager=True,
    expose_value=False,
    callback=_chosen,
    help="What stderr holds: sentences and progress, or one JSON object a line.",
)
