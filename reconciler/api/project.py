"""A project and what can be done with it."""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Unpack

from reconciler.api.given import GivenReading, MaxWait, One, OnEvent, Some, Targets
from reconciler.events import Listener
from reconciler.site import Site, real_time

if TYPE_CHECKING:
    from reconciler.api.approve import Approval
    from reconciler.api.db import Database
    from reconciler.api.doctor import Health
    from reconciler.api.evidence import Evidence
    from reconciler.api.generate import Generated
    from reconciler.api.plan import Plan
    from reconciler.api.report import Report
    from reconciler.api.validate import Validation
    from reconciler.apply.dry_run import DryRun
    from reconciler.apply.settle.person import Found
    from reconciler.apply.settle.status import Standing
    from reconciler.apply.settle.steps import Settlement
    from reconciler.apply.stopping import StoppedRun
    from reconciler.inventory.diff import Diff
    from reconciler.inventory.stats import Stats
    from reconciler.lanes.stop import Stop
    from reconciler.plan.explain import Explanation
    from reconciler.pull.results import InventoryPull


def open_project(
    directory: str | os.PathLike[str] = ".",
    *,
    environ: Mapping[str, str],
    config: str | os.PathLike[str] = "reconciler.yaml",
    clock: Callable[[], datetime] = real_time,
    listener: Listener | None = None,
) -> "Project":
    """The project whose file *config* lies in *directory*; `InputError` if that is not right.

    *environ* holds the credentials that the project file names, and is all of the environment
    that is looked at (`os.environ`, or a mapping of your own). *clock* gives the time, with a time
    zone. *listener* is told what happens.
    """
    place = Path(directory, config)
    site = Site(
        root=place.parent, config=place.name, environ=environ, clock=clock, listener=listener
    )
    site.load_project()
    return Project(site)


class Project:
    """A project: its folder, and the commands as methods.

    Each method reads the files anew, so a project may be kept while they change. Everything that
    is wrong with what was read is one `InputError`.
    """

    def __init__(self, site: Site) -> None:
        self._site = site

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self._site.root

    def __repr__(self) -> str:
        return f"<Project {self._site.shown(self._site.config)}>"

    def validate(self, paths: Some = ()) -> "Validation":
        """Check the project file and every manifest; needs no inventory, no secret, no network.

        With *paths* (files or folders) only what concerns them is told; everything is read all
        the same. Raises `InputError` if anything is wrong; warnings alone are returned.
        """
        from reconciler.api.validate import validate

        return validate(self._site, paths)

    def doctor(
        self,
        *,
        accounts: Some = (),
        max_wait: MaxWait = "1m",
        on_event: OnEvent = None,
        stop: "Stop | None" = None,
    ) -> "Health":
        """Check the project, this machine, and each account at its vendor; it changes nothing.

        Sends only requests that read, with the credentials of the project's environment: one page
        of a listing or one look an account, at its pace and with its lane (another run holds it:
        skipped). *accounts*: only these. What is wrong is not raised, it stands in `checks`, each
        with the fix. *max_wait*, *on_event*, *stop* as in `apply`.
        """
        from reconciler.api.doctor import doctor

        return doctor(
            self._site, accounts=accounts, max_wait=max_wait, on_event=on_event, stop=stop
        )

    def plan(
        self,
        *,
        inventory: Some = (),
        accounts: Some = (),
        manifests: Some = (),
        author: str | None = None,
        attributes: bool = False,
        **reads: Unpack[GivenReading],
    ) -> "Plan":
        """Compare the manifests with the inventory; sends nothing, reads no credential.

        *inventory*: files in place of the project's; *reads*: how they are read (`Reads`).
        *accounts*, *manifests*: only their deletions; everything is read all the same. *author*:
        who makes the plan, and so may not approve it. *attributes*: the records' attributes are
        put into the plan.
        """
        from reconciler.api.plan import plan

        return plan(
            self._site,
            inventory=inventory,
            accounts=accounts,
            manifests=manifests,
            author=author,
            attributes=attributes,
            **reads,
        )

    def generate(
        self,
        account: str,
        *,
        match: "Mapping[str, str | Sequence[str]] | None" = None,
        ids: Some = (),
        from_: One | None = None,
        name: str | None = None,
        owner: str | None = None,
        reason: str | None = None,
        ticket: str | None = None,
        until: str | None = None,
        inventory: Some = (),
        **reads: Unpack[GivenReading],
    ) -> "Generated":
        """A manifest that asks for exactly what is selected among *account*'s campaigns, by id.

        Selected in one way: by *match* (the keys of a manifest's `match`, all as text, with
        `labels.KEY`), by *ids*, or by the file *from_*, an id or `ACCOUNT/ID` a line. The rest is
        the manifest's head; *name* is by default `retire-ACCOUNT-DATE`. Raises `ReconcilerError`
        if nothing is selected, or an id is not in the inventory. Nothing is written: `text` has
        it, `write(path)` writes it, never over a file. *inventory* and *reads* as in `plan`.
        """
        from reconciler.api.generate import generate

        return generate(
            self._site,
            account,
            match=match,
            ids=ids,
            from_=from_,
            name=name,
            owner=owner,
            reason=reason,
            ticket=ticket,
            until=until,
            inventory=inventory,
            **reads,
        )

    def explain(
        self, target: str, *, inventory: Some = (), **reads: Unpack[GivenReading]
    ) -> "Explanation":
        """Why the campaign *target* is, or is not, in the plan.

        *target*: `ACCOUNT/ID`, or an id or name that only one campaign of the inventory has.
        Everything that looked at it, also if it is not listed or nobody asks for it. *inventory*
        and *reads* as in `plan`.
        """
        from reconciler.api.explain import explain

        return explain(self._site, target, inventory=inventory, **reads)

    def pull(
        self,
        *,
        accounts: Some = (),
        out: One | None = None,
        allow_shrink: Some = (),
        max_wait: MaxWait = "15m",
        on_event: OnEvent = None,
        stop: "Stop | None" = None,
    ) -> "InventoryPull":
        """List every account whose vendor can list, and write the inventory file anew.

        Sends only requests that read, with the credentials of the project's environment. What is
        left out, cannot list, or could not be listed this time keeps its records. *out*: the file,
        in place of the project's first. *allow_shrink*: accounts whose listing is believed though
        it shows less than half of what was known. *max_wait*, *on_event*, *stop* as in `apply`.
        """
        from reconciler.api.pull import pull

        return pull(
            self._site,
            accounts=accounts,
            out=out,
            allow_shrink=allow_shrink,
            max_wait=max_wait,
            on_event=on_event,
            stop=stop,
        )

    def diff(self, before: One, after: One, **reads: Unpack[GivenReading]) -> "Diff":
        """What appeared, is gone and changed from one inventory file to another, field by field."""
        from reconciler.api.inventory import diff

        return diff(self._site, before, after, **reads)

    def stats(
        self, files: Some = (), *, label: str = "owner", **reads: Unpack[GivenReading]
    ) -> "Stats":
        """How many campaigns *files* (none: the project's) hold, by account, status, age, label.

        *label*: the key of the label that says whose a campaign is.
        """
        from reconciler.api.inventory import stats

        return stats(self._site, files, label=label, **reads)

    def convert(
        self,
        source: One,
        target: One | BinaryIO,
        *,
        to: str | None = None,
        **reads: Unpack[GivenReading],
    ) -> int:
        """Write the inventory *source* as *target*; how many campaigns it holds.

        *target*: a path, whose suffix says the format (`.gz` packs it), or a stream of bytes,
        which needs *to*, a format in place of that of the suffix. *reads*: how *source* is read.
        Nothing is written if anything is wrong with it.
        """
        from reconciler.api.inventory import convert

        return convert(self._site, source, target, to=to, **reads)

    def approve(
        self,
        plan: "Plan | One",
        *,
        key: One,
        principal: str | None = None,
        agreed: Callable[[], bool] = lambda: True,
    ) -> "Approval | None":
        """Sign the bytes of *plan*, which lies in a file, and put the signature beside it.

        *key*: a private SSH key, or the public one of a key that the agent holds. *principal*: who
        signs, where the key speaks for several. *agreed* is asked last; if it says no, nothing is
        signed and None comes back. A plan that is expired or empty or breaks a limit, and a
        signature that would not count, are refused.
        """
        from reconciler.api.approve import approve
        from reconciler.api.plan import saved

        return approve(
            self._site, saved(self._site, plan), key=key, principal=principal, agreed=agreed
        )

    def keep_plan(self, plan: "Plan") -> Path:
        """Keep *plan* under `.reconciler/plans/`, where `apply` keeps what it carries out."""
        from reconciler.api.plan import as_saved
        from reconciler.lanes.state import keep_plan_here

        plan.path = keep_plan_here(self._site, as_saved(plan, self._site.root))
        return plan.path

    def apply(
        self,
        plan: "Plan | One",
        *,
        accounts: Some = (),
        targets: Targets = (),
        exclude: Targets = (),
        limit: int | None = None,
        inventory: Some = (),
        update_inventory: bool = False,
        approvals: Some = (),
        requested_by: Some = (),
        waive: Some = (),
        because: str | None = None,
        ticket: str | None = None,
        max_wait: MaxWait = "15m",
        workers: bool = False,
        detach: bool = False,
        first_run: bool = False,
        attended: bool = False,
        notify: bool = True,
        on_event: OnEvent = None,
        stop: "Stop | None" = None,
        **reads: Unpack[GivenReading],
    ) -> "Report":
        """Carry out *plan* (or the plan file of that path), or go on with it.

        What is deleted is what the plan says *and* what today's files still say. The report has
        every target with its one outcome, and the exit code of the command.

        *accounts*, *targets* (`ACCOUNT/ID#PART`, without a part all of the campaign): only these,
        less those to *exclude*; *limit*: only so many. What is left out is `pending`.
        *inventory*: files in place of the project's; *reads*: how they are read, else as the plan
        says; *update_inventory* takes what is gone out of them.
        *approvals*: signature files, else those beside the plan; those of *requested_by* do not
        count. *waive* lifts one rule of `guards.waivable`, *because* of something, by *ticket*.
        *max_wait*: the longest single wait (`15m`); a longer one stops the account. *workers*:
        others send, and this call follows them; *detach*: it does not. *first_run*:
        there is no journal, and nothing was ever sent for these targets. *attended*: a person
        follows the run, and has been told that there is no journal. *notify*: the receivers of the
        project file are told. *on_event* is called with every `Event` (or is a `Listener`), from
        another thread. *stop* ends the run early.

        Raises `InputError`, `Usage`, `Stale`, `NotAllowed` and `Locked` before the first request,
        and `Unfinished`, which has the report, if something fails after the last.
        """
        from reconciler.api.apply import apply

        return apply(
            self._site,
            plan,
            accounts=accounts,
            targets=targets,
            exclude=exclude,
            limit=limit,
            inventory=inventory,
            update_inventory=update_inventory,
            approvals=approvals,
            requested_by=requested_by,
            waive=waive,
            because=because,
            ticket=ticket,
            max_wait=max_wait,
            workers=workers,
            detach=detach,
            first_run=first_run,
            attended=attended,
            notify=notify,
            on_event=on_event,
            stop=stop,
            **reads,
        )

    def dry_run(
        self,
        plan: "Plan | One",
        *,
        accounts: Some = (),
        targets: Targets = (),
        exclude: Targets = (),
        limit: int | None = None,
        inventory: Some = (),
        **reads: Unpack[GivenReading],
    ) -> "DryRun":
        """The requests that `apply` would send now; reads no credential and cannot send."""
        from reconciler.api.apply import dry_run

        return dry_run(
            self._site,
            plan,
            accounts=accounts,
            targets=targets,
            exclude=exclude,
            limit=limit,
            inventory=inventory,
            **reads,
        )

    def settle(
        self,
        plan: "Plan | One | None" = None,
        *,
        targets: Targets = (),
        request: int | None = None,
        account: str | None = None,
        as_: "Found | None" = None,
        because: str | None = None,
        inventory: Some = (),
        max_wait: MaxWait = "15m",
        on_event: OnEvent = None,
        stop: "Stop | None" = None,
        **reads: Unpack[GivenReading],
    ) -> "Settlement":
        """Find out what became of targets in doubt, by looking; it never deletes anything.

        All of them, or those of *plan*, or of *account*. With *as_* (`deleted`, `not-deleted`) and
        *because* a person's finding is recorded instead, of *targets* (`ACCOUNT/ID#PART`), of all
        of a *request*, or of an *account*. The rest is as in `apply`.
        """
        from reconciler.api.settle import settle

        return settle(
            self._site,
            plan,
            targets=targets,
            request=request,
            account=account,
            as_=as_,
            because=because,
            inventory=inventory,
            max_wait=max_wait,
            on_event=on_event,
            stop=stop,
            **reads,
        )

    def stop(
        self, plan: "Plan | One | None" = None, *, account: str | None = None, because: str
    ) -> "tuple[StoppedRun, ...]":
        """Let the runs that are under way send nothing more, whoever runs them; which those are.

        All of them, or those of *plan*, or only at *account*. What is in flight ends, what is left
        is `pending`, and a later `apply` goes on. *because* goes into the audit log.
        """
        from reconciler.api.stop import stop

        return stop(self._site, plan, account=account, because=because)

    def status(
        self,
        plan: "Plan | One | None" = None,
        *,
        reviewed: int | None = None,
        by: str | None = None,
        because: str | None = None,
    ) -> "Standing":
        """What stands, of *plan* or of all: runs, outcomes, doubts, lanes, what blocks now.

        Reads alone, but for a *reviewed* run: then it records that a person, named by *by*, has
        reviewed what the run waived, and what that came to.
        """
        from reconciler.api.settle import status

        return status(self._site, plan, reviewed=reviewed, by=by, because=because)

    def evidence(self, plan: "Plan | One", *, out: One) -> "Evidence":
        """Pack everything that an auditor asks for about *plan* into the archive *out*.

        It is checked once it is written; a `fault` says why it does not verify. It holds phone
        numbers in full.
        """
        from reconciler.api.evidence import evidence
        from reconciler.api.plan import saved

        return evidence(self._site, saved(self._site, plan), out)

    def db_init(self) -> "Database":
        """Make the tables of a state in PostgreSQL, if they are not there yet."""
        from reconciler.api.db import init

        return init(self._site)

    def db_upgrade(self) -> "Database":
        """Bring the tables of a state in PostgreSQL to this version."""
        from reconciler.api.db import upgrade

        return upgrade(self._site)

    def db_check(self) -> "Database":
        """Raise what is wrong with the database of the state; changes nothing."""
        from reconciler.api.db import check

        return check(self._site)
