"""Each account at its vendor: credentials, lane, and then what one request shows."""

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from reconciler.api.doctor.asking import CHECKS, ask
from reconciler.api.doctor.checks import Checkup, skipped
from reconciler.api.doctor.local import Known
from reconciler.declare.project import ProjectFile
from reconciler.errors import Diagnostic, Exit, InputError, Locked, ReconcilerError
from reconciler.events import told
from reconciler.lanes import state
from reconciler.lanes.accounts import CA_FILE, Pair, open_accounts, pairs_of
from reconciler.lanes.journal import Journal
from reconciler.lanes.run import gates_of, take
from reconciler.lanes.running import Execution
from reconciler.lanes.state import holder, journal, started
from reconciler.lanes.stop import Stop
from reconciler.lanes.work import OpenAccount
from reconciler.site import Site

_ALL = ("credentials", *CHECKS)


def vendors(
    site: Site,
    project: ProjectFile,
    names: Sequence[str],
    known: Known,
    *,
    writable: bool,
    stop: Stop,
    max_wait: float,
) -> list[Checkup]:
    """The checks of the accounts *names*. Nothing is asked where nothing can be written down."""
    if not writable:
        why = "the state cannot be written, and nothing is sent without it"
        return [one for name in names for one in skipped(_ALL, name, why)]
    pairs = [pair for pair in pairs_of(site, project) if pair[0].name in names]
    try:
        with journal(site, project) as opened:
            return _Round(site, project, opened, known).all(pairs, stop, max_wait)
    except ReconcilerError as error:
        return [Checkup("state", None, False, str(error))]


class _Round:
    """One doctor's round of the accounts."""

    def __init__(self, site: Site, project: ProjectFile, opened: Journal, known: Known) -> None:
        self._site = site
        self._project = project
        self._journal = opened
        self._known = known
        self._found: dict[str, list[Checkup]] = {}

    def all(self, pairs: Sequence[Pair], stop: Stop, max_wait: float) -> list[Checkup]:
        ready = [one for pair in pairs for one in self._credentials(pair)]
        names = [one.name for one in ready]
        who = {**holder(), "plan": "doctor", "accounts": names}
        with ExitStack() as held:
            free = self._free(ready, who, held)
            if free:
                self._ask(free, who, stop, max_wait)
        return [one for account, _ in pairs for one in self._found[account.name]]

    def _credentials(self, pair: Pair) -> list[OpenAccount]:
        """The account with its credentials read, if they are there."""
        account, _ = pair
        try:
            (one,) = open_accounts(self._site, [pair], self._journal)
        except InputError as error:
            self._found[account.name] = _not_open(account.name, error.diagnostics[0])
            return []
        sources = [each.source for each in one.settings.credentials().values()]
        read = f"read from {', '.join(sources)}" if sources else "none are needed"
        self._found[account.name] = [Checkup("credentials", account.name, True, read)]
        return [one]

    def _free(
        self, ready: Sequence[OpenAccount], who: Mapping[str, object], held: ExitStack
    ) -> list[OpenAccount]:
        """Those whose lane nobody else works; the locks are kept in *held*."""
        lanes: dict[str, str | None] = {}
        for one in ready:
            if one.lane in lanes:
                continue
            locks = state.locks(self._site, self._project, self._journal)
            try:
                locks.take([one.lane], who)
            except Locked as error:
                lanes[one.lane] = str(error)
            else:
                held.callback(locks.release)
                lanes[one.lane] = None
        for one in ready:
            if (why := lanes[one.lane]) is not None:
                self._found[one.name] += skipped(CHECKS, one.name, why)
        return [one for one in ready if lanes[one.lane] is None]

    def _ask(
        self, free: Sequence[OpenAccount], who: Mapping[str, object], stop: Stop, max_wait: float
    ) -> None:
        with told(self._site.listener, ()):
            run = self._journal.begin(None, "doctor", json.dumps(who), [], started())
            ledgers = take(free, self._journal, run)
            execution = Execution(self._site, self._journal, run, stop=stop, max_wait=max_wait)
            context = execution.context
            found = execution.complete(
                ask(free, context, lambda: gates_of(free, context, ledgers), self._known)
            )
            wrong = any(one.ok is False for checks in found.values() for one in checks)
            code = stop.exit or (Exit.ERROR if wrong else Exit.OK)
            self._journal.end(run, code, {"summary": {}})
        for name, checks in found.items():
            self._found[name] += checks


def _not_open(account: str, wrong: Diagnostic) -> list[Checkup]:
    """What is said of an account whose credentials or certificates cannot be read."""
    said = wrong.message.removeprefix(f"account {account}: ")
    if wrong.code == CA_FILE:
        tls = Checkup("tls", account, False, said, "`caFile` names a PEM file of certificates")
        first, *others = skipped(
            ("credentials", "reached", "log-in", "reads", "clock"), account, "tls"
        )
        return [first, others[0], tls, *others[1:]]
    fix = "put it where the project file says, or change what the project file says"
    wrong_one = Checkup("credentials", account, False, said, fix)
    return [wrong_one, *skipped(CHECKS, account, "see above")]
