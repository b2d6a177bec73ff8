"""`reconciler inventory pull`: ask the vendors that can list what exists now, and write it down."""

from collections.abc import Collection
from contextlib import ExitStack

import click

from reconciler.cli._listeners import EVENTS, EventsListener
from reconciler.cli._options import VIEW
from reconciler.cli._stdio import file_for
from reconciler.cli.app import App, ended_by_signals, pass_app
from reconciler.events import Event
from reconciler.events.collector import traced


@click.command(
    epilog="""\b
Examples:
  reconciler inventory pull
  reconciler inventory pull --account push-prod
  reconciler inventory pull --out today.ndjson --format json
  reconciler inventory pull --allow-shrink push-prod    # most of it was deleted by hand

Exit codes: 0 everything was pulled, 5 in part, 1 nothing, 75 another run holds a lane.
"""
)
@click.option("--account", "accounts", multiple=True, metavar="A", help="Only this; repeatable.")
@click.option("--out", metavar="FILE", help="Default: the project's first inventory file.")
@click.option(
    "--allow-shrink",
    multiple=True,
    metavar="ACCOUNT",
    help="Believe that what is not listed is gone, though most of what was known is not; "
    "repeatable.",
)
@click.option(
    "--max-wait",
    metavar="DURATION",
    default="15m",
    show_default=True,
    help="Longest single wait when throttled; a longer one stops the account.",
)
@VIEW
@EVENTS
@pass_app
def pull(
    app: App,
    accounts: tuple[str, ...],
    out: str | None,
    allow_shrink: tuple[str, ...],
    max_wait: str,
    format_: str,
    events: str | None,
) -> int:
    """List every account whose vendor can list, and write the inventory file anew.

    Sends only requests that read. Accounts that are left out, that cannot list, or that could not
    be listed this time keep their records and what the header says of them.
    """
    from reconciler.views import pull as views

    with ended_by_signals() as stop, ExitStack() as streams:
        place = None if out is None else streams.enter_context(file_for(out, "inventory.ndjson"))
        found = app.project.pull(
            accounts=accounts,
            out=place,
            allow_shrink=allow_shrink,
            max_wait=max_wait,
            on_event=traced(app.environ, _PullListener(app, events), "inventory pull"),
            stop=stop,
        )
    if format_ == "json" and not found.interrupted:
        app.out(views.as_json(found))
        return found.exit_code
    for line in views.text(found):
        app.out(line)
    if (said := views.untouched(found)) is not None:
        app.err(said)
    return found.exit_code


class _PullListener(EventsListener):
    """Progress in plain lines on stderr."""

    def begin(self, numbers: Collection[str]) -> None:
        from reconciler.views.pull import PullProgress

        super().begin(numbers)
        self._progress = PullProgress()

    def show(self, event: Event) -> None:
        super().show(event)
        if not self.app.log.as_json and (line := self._progress.line(event)):
            self.app.note(line)
