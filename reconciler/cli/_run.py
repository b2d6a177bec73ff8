"""What `apply` and `settle` share: signals, progress, credentials, one run of the executor."""

import asyncio
import io
import os
import random
import secrets
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from reconciler.cli._events import EventsFile
from reconciler.cli._progress import Progress
from reconciler.cli.app import App
from reconciler.driver import Driver
from reconciler.errors import Exit, ReconcilerError
from reconciler.events import Event
from reconciler.lanes.journal import Journal, Ledger
from reconciler.lanes.preparing import session_of
from reconciler.lanes.resolver import Resolver
from reconciler.lanes.run import AccountWork, execute
from reconciler.lanes.work import Fate, Job, OpenAccount, Rules, RunContext, Witnesses
from reconciler.model import Account, Target

T = TypeVar("T")

_SIGNALS = {signal.SIGINT: Exit.INT, signal.SIGTERM: Exit.TERM, signal.SIGHUP: Exit.HUP}


class Events:
    """Where events go: progress on stderr, and JSON lines to a file if that is asked for.

    *mask* makes a sentence harmless: a vendor may name any phone number of a request.
    """

    def __init__(self, app: App, where: str | None, mask: Callable[[str], str]) -> None:
        self._mask = mask
        self._file = EventsFile(where)
        shown = sys.stderr is not None and not app.quiet  # None: closed before we began
        live = shown and sys.stderr.isatty() and app.environ.get("TERM") != "dumb"
        self.progress = Progress(
            sys.stderr if shown else io.StringIO(),
            live=live,
            clock=time.monotonic,
            width=_width(),
            color=app.color_err,
        )

    def __enter__(self) -> "Events":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def emit(self, event: Event) -> None:
        """Tell *event* everywhere; a reader that went away stops nothing."""
        if event.detail is not None:
            event = replace(event, detail=self._mask(event.detail))
        self.progress.emit(event)
        self._file.write(event)

    def tick(self) -> None:
        """Draw again."""
        self.progress.tick()

    def close(self) -> None:
        """Leave the terminal as it should be."""
        self.progress.close()
        self._file.close()


def _width() -> int:
    try:
        return os.get_terminal_size(sys.__stderr__.fileno() if sys.__stderr__ else 2).columns
    except (OSError, ValueError):
        return 100


@dataclass(slots=True)
class Running:
    """One run of the executor, and the signal that ended it, if one did."""

    context: RunContext
    tick: Callable[[], None] = lambda: None
    signalled: Exit | None = None

    def go(
        self, works: Sequence[AccountWork], ledgers: Mapping[str, Ledger], *, send: bool
    ) -> dict[Target, Fate]:
        """Work every account; signals end it cleanly, a second one at once."""
        return self.watched(execute(works, self.context, ledgers, send=send))

    def watched(self, work: Coroutine[Any, Any, T]) -> T:
        """Run *work* to its end. A signal sets the context's `stop`; a second one exits at once."""
        return asyncio.run(self._watched(work))

    async def _watched(self, work: Coroutine[Any, Any, T]) -> T:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(Resolver())
        before = {number: signal.getsignal(number) for number in _SIGNALS}
        if before[signal.SIGHUP] is signal.SIG_IGN:
            del before[signal.SIGHUP]  # nohup: the run is to outlive its terminal
        for number in before:
            loop.add_signal_handler(number, self._signal, number)
        clock = asyncio.create_task(self._tick())
        try:
            return await work
        finally:
            clock.cancel()
            for number, handler in before.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler)

    async def _tick(self) -> None:
        """Times on the terminal go on while nothing happens."""
        while True:
            await asyncio.sleep(1)
            self.tick()

    def _signal(self, number: signal.Signals) -> None:
        if self.signalled is not None:
            # The journal is consistent at every instant; an intent without result is in doubt.
            os._exit(_SIGNALS[number])
        self.signalled = _SIGNALS[number]
        self.context.stop.set()


def context(
    app: App,
    journal: Journal,
    run: int,
    plan: str | None = None,
    *,
    emit: Callable[[Event], None],
    max_wait: float,
    closed: Callable[[str], str | None] = lambda _: None,
    first_run: bool = False,
) -> RunContext:
    """The real clock and the real dice. Without *plan* and *closed*: a run that only reads."""
    return RunContext(
        journal=journal,
        run=run,
        plan=plan,
        wall=app.now,
        chance=random.random,
        emit=emit,
        closed=closed,
        max_wait=max_wait,
        first_run=first_run,
    )


def session(account: Account, driver: Driver, settings: Any) -> tuple[Any, list[str]]:
    """The account's session, and the secret values that no shown text may hold."""
    values = [one.secret().reveal() for one in settings.credentials().values()]
    return session_of(account, driver, settings, lambda: secrets.token_hex(16)), values


def work(
    opened: OpenAccount, *, jobs: list[Job], witnesses: Witnesses, rules: Rules
) -> AccountWork:
    """The work of an account whose credentials are read."""
    made, hidden = session(opened.account, opened.driver, opened.settings)
    return AccountWork(opened, made, hidden, jobs, witnesses, rules)


def drivers_of(accounts: Mapping[str, Account]) -> dict[str, Driver]:
    """The drivers of a project's accounts, by driver name."""
    from reconciler import drivers

    found = {}
    for account in accounts.values():
        driver = drivers.find(account.driver)
        if driver is None:
            raise ReconcilerError(f"account {account.name}: there is no driver {account.driver!r}")
        found[driver.name] = driver
    return found
