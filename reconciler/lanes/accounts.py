"""Accounts opened: their credentials read, their scopes told, their lanes named."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from reconciler.declare.credentials import resolve
from reconciler.declare.project import Account, ProjectFile
from reconciler.driver import Driver
from reconciler.errors import Diagnostic, InputError, ReconcilerError
from reconciler.lanes.journal import Journal
from reconciler.lanes.wire import NotSent
from reconciler.lanes.work import OpenAccount
from reconciler.plan import scopes
from reconciler.site import Site

CA_FILE = "ca-file"  # the code of a `caFile` that cannot be used
Pair = tuple[Account, Driver]


def pairs_of(site: Site, project: ProjectFile) -> list[Pair]:
    """Every account of the project, by name, with its driver."""
    drivers = site.drivers_of(project)
    accounts = [project.accounts[name] for name in sorted(project.accounts)]
    return [(account, drivers[account.name]) for account in accounts]


def open_accounts(site: Site, pairs: Sequence[Pair], journal: Journal) -> list[OpenAccount]:
    """*pairs* with their credentials read; `InputError` with every credential that is missing.

    The journal remembers their scopes, for those who read no credential.
    """
    opened, problems = [], []
    for account, driver in pairs:
        try:
            opened.append(_opened(site, account, driver, journal.salt))
        except ReconcilerError as error:
            said = f"account {account.name}: {error}"
            code = _code(error)
            problems.append(Diagnostic("error", code, said, site.config, fix=_FIXES[code]))
    if problems:
        raise InputError(problems)
    journal.know({one.account.definition: one.scope for one in opened})
    return opened


_FIXES = {
    "credential": "give it where the account's settings say it is: `reconciler doctor` names each",
    CA_FILE: "name a file of PEM certificates that is there, or leave `caFile` out",
}


def _code(error: ReconcilerError) -> str:
    return CA_FILE if isinstance(error, NotSent) else "credential"


def unopened(pairs: Sequence[Pair], known: Mapping[str, str | None]) -> list[OpenAccount]:
    """*pairs* by their scopes alone, for who sends nothing; *known*: each account's scope."""
    found = []
    for account, driver in pairs:
        scope = known.get(account.name)
        if scope is None:
            raise ReconcilerError(
                f"account {account.name}: only its credential tells whose campaigns these are; give"
                " it here too, or write `scope:` at the account"
            )
        lane = scopes.limit(account, driver, scope)
        found.append(OpenAccount(account, driver, account.settings, scope, lane))
    return found


def scopes_now(
    site: Site, pairs: Sequence[Pair], journal: Journal, *, reveal: bool
) -> dict[str, str | None]:
    """The scope of each account, None where nobody can tell it.

    *reveal*: for commands that send: where only a secret tells, it is read if it is there. What
    reads no credential goes by the scope last recorded for the account's definition.
    """
    return {
        account.name: _scope(site, account, driver, journal, reveal) for account, driver in pairs
    }


def _scope(
    site: Site, account: Account, driver: Driver, journal: Journal, reveal: bool
) -> str | None:
    known = scopes.plain(account, driver)
    if known is not None:
        return known
    if reveal:
        try:
            return scopes.sealed(account, driver, _settings(site, account), journal.salt)
        except ReconcilerError:
            return journal.scope_of(account.definition)  # who must send is told what is missing
    return journal.scope_of(account.definition)


def _opened(site: Site, account: Account, driver: Driver, salt: bytes) -> OpenAccount:
    settings = _settings(site, account)
    scope = scopes.sealed(account, driver, settings, salt)
    lane = scopes.limit(account, driver, scope)
    proxy = account.proxy and resolve(account.proxy, site.root, site.environ)
    return OpenAccount(account, driver, settings, scope, lane, proxy, _certificates(site, account))


def _certificates(site: Site, account: Account) -> str | None:
    """Where the account's `caFile` is; an error if it cannot be used, before anything is sent."""
    from reconciler.lanes.send import check_certificates

    if account.ca_file is None:
        return None
    place = str(site.root / account.ca_file)
    check_certificates(place)
    return place


def _settings(site: Site, account: Account) -> Any:
    return resolve(account.settings, site.root, site.environ)


def shared(pairs: Sequence[Pair], known: Mapping[str, str | None]) -> dict[str, tuple[str, ...]]:
    """The accounts of one scope, by what is *known* of it, else by what their files show."""
    return scopes.twins(
        {one.name: known.get(one.name) or scopes.likeness(one, driver) for one, driver in pairs}
    )


def untraced(
    opened: Mapping[str, str | None], journal: Journal, plan: str, created: datetime
) -> list[str]:
    """The accounts of which the journal may not know all that was sent under *plan*.

    Either it has no trace of their scope, or its trace begins after the plan was *created* (aware)
    and it has never seen the plan: what another journal did with it, this one cannot know.
    """
    seen = journal.first_applied(plan) is not None
    last = created + timedelta(seconds=1)  # a plan's time is of whole seconds
    found = []
    for name, scope in sorted(opened.items()):
        since = None if scope is None else journal.traced(scope)
        if since is None or (not seen and last <= since):
            found.append(name)
    return found
