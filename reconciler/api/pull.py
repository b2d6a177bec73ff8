"""`inventory pull`: what exists now, asked of the vendors that can list, and written down."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.api.given import MaxWait, One, OnEvent, Some, heard_by, seconds, texts
from reconciler.declare.project import Account, ProjectFile
from reconciler.driver import Driver
from reconciler.errors import Exit, ReconcilerError, check_names
from reconciler.lanes.accounts import scopes_now
from reconciler.lanes.journal import Journal
from reconciler.lanes.known import Known
from reconciler.lanes.state import inventory_lock, journal
from reconciler.lanes.stop import Stop
from reconciler.pull.listen import listen
from reconciler.pull.listing import Heard
from reconciler.pull.place import Destination, place_of, read_old, refuse_elsewhere
from reconciler.pull.results import AccountPull, InventoryPull
from reconciler.pull.rows import exit_code, rows_of, unlistable_rows, write_new
from reconciler.site import Site


def pull(
    site: Site,
    *,
    accounts: Some = (),
    out: One | None = None,
    allow_shrink: Some = (),
    max_wait: MaxWait = "15m",
    on_event: OnEvent = None,
    stop: Stop | None = None,
) -> InventoryPull:
    """List every account whose vendor can list, and write the inventory file anew."""
    longest, project = seconds(max_wait), site.load_project()
    chosen, may_shrink = texts(accounts), texts(allow_shrink)
    check_names("accounts", chosen, project.accounts)
    check_names("allow_shrink", may_shrink, project.accounts)
    place = place_of(site, project, None if out is None else texts(out)[0])
    drivers = site.drivers_of(project)
    named = [project.accounts[name] for name in sorted(set(chosen) or project.accounts)]
    pairs = [(account, drivers[account.name]) for account in named]
    course = _Course(
        heard_by(site, on_event),
        project,
        place,
        may_shrink,
        listable=tuple(pair for pair in pairs if pair[1].list is not None),
        unlistable=tuple(pair for pair in pairs if pair[1].list is None),
    )
    course.check()
    with journal(site, project) as opened:
        return course.run(opened, stop or Stop(), longest)


@dataclass(frozen=True, slots=True)
class _Course:
    """One pull: into which file, and which accounts, by whether their vendors can list."""

    site: Site
    project: ProjectFile
    place: Destination
    may_shrink: tuple[str, ...]
    listable: tuple[tuple[Account, Driver], ...]
    unlistable: tuple[tuple[Account, Driver], ...]

    def check(self) -> None:
        """Everything that must hold before the first request, but for credentials and lanes."""
        names = [account.name for account, _ in self.listable]
        refuse_elsewhere(self.site, self.project, self.place, names)
        read_old(self.place, self.project.accounts.keys(), self.site.now())

    def run(self, opened: Journal, stop: Stop, max_wait: float) -> InventoryPull:
        """List, then write the file."""
        path = Path(self.place.shown)
        if not self.listable:
            return InventoryPull(path, Exit.ERROR, unlistable_rows(self.unlistable))
        listed = listen(
            self.site, self.project, self.listable, opened, stop=stop, max_wait=max_wait
        )
        if listed.stopped is not None:
            opened.end(listed.run, listed.stopped, {"summary": {}})
            return InventoryPull(path, listed.stopped, interrupted=True)
        try:
            rows = self._written(opened, listed.heard)
        except ReconcilerError:
            opened.end(listed.run, Exit.ERROR, {"summary": {}})
            raise
        code = exit_code(rows)
        results = Counter(row.result for row in rows.values())
        opened.end(listed.run, code, {"summary": dict(results)})
        return InventoryPull(path, code, rows)

    def _written(self, opened: Journal, heard: Mapping[str, Heard]) -> dict[str, AccountPull]:
        """What became of each account; the new file comes from the old one as it is by now."""
        pairs = (*self.listable, *self.unlistable)
        names = [account.name for account, _ in pairs]
        with inventory_lock(self.site, self.project):
            old = read_old(self.place, self.project.accounts.keys(), self.site.now(), names)
            scopes = scopes_now(self.site, pairs, opened, reveal=True)
            rows = rows_of(pairs, old, heard, Known(opened, scopes), self.may_shrink)
            if any(row.told for row in rows.values()):
                write_new(self.place, old, rows)
        return rows
