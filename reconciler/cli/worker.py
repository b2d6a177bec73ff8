"""`reconciler worker`: works the lanes of plans that other machines hand over."""

from pathlib import Path

import click

from reconciler.cli._listeners import LoggedListener
from reconciler.cli.app import App, ended_by_signals, pass_app
from reconciler.errors import Exit
from reconciler.events.collector import traced


@click.command(
    epilog="""\b
Examples:
  reconciler worker
  reconciler worker -C checkouts/push -C checkouts/sms --concurrency 16
  reconciler worker --metrics 0.0.0.0:9100
  reconciler worker --once          # work what is there, then end

Exit codes: 0 ended by a signal or with nothing left, 1 error.
"""
)
@click.option(
    "-C",
    "directories",
    multiple=True,
    metavar="DIR",
    type=click.Path(file_okay=False, exists=True),
    help="A checkout whose lanes are worked; repeatable. Default: this one.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="Lanes at a time.",
)
@click.option(
    "--stall",
    type=click.FloatRange(min=1),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="Without a sign of life for so long a worker counts as dead; the same for all of them.",
)
@click.option(
    "--grace",
    type=click.FloatRange(min=0),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="What is in flight has so long after a signal, then it is in doubt.",
)
@click.option(
    "--metrics",
    metavar="[HOST:]PORT",
    help="Answer /metrics, /livez and /readyz there; a port alone is this machine only.",
)
@click.option("--once", is_flag=True, help="End when no lane can be worked now.")
@pass_app
def command(
    app: App,
    directories: tuple[str, ...],
    concurrency: int,
    stall: float,
    grace: float,
    metrics: str | None,
    once: bool,
) -> int:
    """Work the lanes that `apply --workers` hands over.

    Project file and manifests are those of the checkout, credentials those of the environment: an
    account that is not what the plan says stops its lane, and what is kept here drifts. The state
    is the project's database. TERM and INT end it: lanes go on at other workers.
    """
    from reconciler.api.worker import work

    sites = [app.site_of(Path(one)) for one in directories] or [app.site]
    with ended_by_signals() as stop:
        work(
            sites,
            concurrency=concurrency,
            stall=stall,
            grace=grace,
            once=once,
            metrics=metrics,
            stop=stop,
            hears=lambda other: traced(app.environ, LoggedListener(app, other), "worker"),
        )
    return Exit.OK
