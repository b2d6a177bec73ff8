"""`reconciler apply`: carry out exactly what a plan says, and prove what happened."""

import hashlib
import json
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler import disk, planfile, safe
from reconciler.cli.app import App, pass_app
from reconciler.errors import Exit, Refused, Stale, Usage
from reconciler.events import Event
from reconciler.guards.waivers import Waivers, sort_out
from reconciler.guards.windows import Schedule
from reconciler.model import Outcome, Plan, Target

if TYPE_CHECKING:
    from reconciler.apply.journal.sqlite import SqliteJournal
    from reconciler.apply.merge import Planned
    from reconciler.apply.work import Fate
    from reconciler.approvals import Counted
    from reconciler.cli._plan import Extras
    from reconciler.cli._run import Events
    from reconciler.driver import Driver
    from reconciler.model import Account

_NOTE = 8  # targets named in a note before the rest is counted


@dataclass(frozen=True, slots=True)
class Options:
    """The command line, checked."""

    plan: str | None
    dry_run: bool
    yes: bool
    accounts: tuple[str, ...]
    limit: int | None
    inventory: tuple[str, ...]
    inventory_format: str | None
    update_inventory: bool
    approvals: tuple[str, ...]
    requested_by: tuple[str, ...]
    waive: tuple[str, ...]
    because: str | None
    ticket: str | None
    max_wait: float
    reports: tuple[str, ...]
    format: str
    events: str | None
    first_run: bool
    show_numbers: bool


@dataclass(frozen=True, slots=True)
class Made:
    """The plan that today's files make, and what it was made of."""

    plan: Plan
    extras: "Extras"


@click.command(
    epilog="""\b
Examples:
  reconciler apply plan.json --dry-run
  reconciler apply plan.json --update-inventory
  reconciler apply plan.json --limit 5          # a canary; run again without it to go on
  reconciler apply plan.json --format json > report.json

Exit codes: 0 done, 1 error, 3 refused by a guard, 4 plan expired or not of this project,
5 applied in part (running again is safe), 6 targets in doubt remain, 75 another run holds a lane.
"""
)
@click.argument("plan", required=False, metavar="[PLAN]")
@click.option("--dry-run", is_flag=True, help="Print every request; send none, read no credential.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--account", "accounts", multiple=True, metavar="NAME", help="Only this account.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first N targets, then stop.")
@click.option("--inventory", multiple=True, metavar="FILE", help="Instead of the project's.")
@click.option("--inventory-format", metavar="FORMAT", help="ndjson, json, yaml or csv.")
@click.option("--update-inventory", is_flag=True, help="Take what is gone out of the inventory.")
@click.option(
    "--approval", "approvals", multiple=True, metavar="FILE", help="Default: every PLAN.*.sig."
)
@click.option("--requested-by", multiple=True, metavar="NAME", help="Whose approval cannot count.")
@click.option(
    "--waive", multiple=True, metavar="RULE", help="Lift one rule of guards.waivable for this run."
)
@click.option("--because", metavar="TEXT", help="Why it is lifted.")
@click.option("--ticket", metavar="T", help="The ticket that says so.")
@click.option(
    "--max-wait",
    metavar="DURATION",
    default="15m",
    show_default=True,
    help="Longest single wait (throttling, or before a look); longer ones stop the account.",
)
@click.option("--report", "reports", multiple=True, metavar="FORMAT=FILE", help="Also write this.")
@click.option(
    "--format", "format_", type=click.Choice(["text", "json", "markdown"]), default="text"
)
@click.option("--events", metavar="FILE|-", help="Write JSON lines while it runs.")
@click.option("--first-run", is_flag=True, help="There is no journal, and that is right.")
@click.option("--show-numbers", is_flag=True, help="Do not mask phone numbers.")
@pass_app
def command(
    app: App,
    plan: str | None,
    dry_run: bool,
    yes: bool,
    accounts: tuple[str, ...],
    limit: int | None,
    inventory: tuple[str, ...],
    inventory_format: str | None,
    update_inventory: bool,
    approvals: tuple[str, ...],
    requested_by: tuple[str, ...],
    waive: tuple[str, ...],
    because: str | None,
    ticket: str | None,
    max_wait: str,
    reports: tuple[str, ...],
    format_: str,
    events: str | None,
    first_run: bool,
    show_numbers: bool,
) -> int:
    """Carry out PLAN, or go on with it if it was interrupted.

    Without PLAN, on a terminal: plans, asks for `yes`, applies. What is deleted is what PLAN says
    *and* what today's files still say; nothing can be added.
    """
    options = Options(
        plan=plan,
        dry_run=dry_run,
        yes=yes,
        accounts=accounts,
        limit=limit,
        inventory=inventory,
        inventory_format=inventory_format,
        update_inventory=update_inventory,
        approvals=approvals,
        requested_by=requested_by,
        waive=waive,
        because=because,
        ticket=ticket,
        max_wait=seconds(max_wait),
        reports=reports,
        format=format_,
        events=events,
        first_run=first_run,
        show_numbers=show_numbers,
    )
    _check(options)
    if options.plan is None:
        return _without_plan(app, options)
    path = Path(options.plan)
    return Apply(app, options, path, disk.read_file(path, what="the plan", most=1 << 30)).run()


def seconds(text: str) -> float:
    """The seconds of a duration on the command line; `0s` is allowed."""
    from reconciler.fields import duration

    if text in ("0", "0s"):
        return 0.0
    try:
        return float(duration(text).total_seconds())
    except (ValueError, TypeError) as error:
        raise Usage(f"--max-wait {text!r}: write 30s, 15m, 24h or 90d") from error


def _check(options: Options) -> None:
    from reconciler.render import REPORT_FORMATS

    if options.events == "-" and options.format == "json":
        raise Usage("--events - and --format json both want standard output")
    for name, _ in map(_report_file, options.reports):
        if name not in REPORT_FORMATS:
            raise Usage(f"--report: no format {name!r}; there are {', '.join(REPORT_FORMATS)}")
    if len(options.waive) > 1:
        raise Usage("--waive lifts one rule a run")
    if options.waive and not (options.because and options.ticket):
        raise Usage("--waive needs --because TEXT and --ticket T")
    if not options.waive and (options.because or options.ticket):
        raise Usage("--because and --ticket belong to --waive RULE")


def _report_file(text: str) -> tuple[str, str]:
    name, equals, file = text.partition("=")
    if not (name and equals and file):
        raise Usage(f"--report takes FORMAT=FILE, not {text!r}")
    return name, file


def _without_plan(app: App, options: Options) -> int:
    """On a terminal: plan, show, ask, keep the plan, apply it."""
    from reconciler.cli import _plan
    from reconciler.cli._state import folder

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Usage("name the plan to apply (reconciler plan --out plan.json writes one)")
    now = app.now()
    plan, data, extras = _plan.make_plan(
        app, now=now, inventory=options.inventory, inventory_format=options.inventory_format
    )
    numbers = options.show_numbers
    _plan.show(app, plan, data, format_="text", show_numbers=numbers, now=now)
    if not plan.applicable:
        return Exit.REFUSED
    if not plan.summary.targets:
        return Exit.OK
    path = folder(app, "plans") / f"{extras.digest.removeprefix('sha256:')}.json"
    disk.write_whole(path, data)
    if not options.dry_run and not options.yes:
        answer = click.prompt("Delete these? Only `yes` is taken for yes", default="no")
        if answer != "yes":
            app.note(f"Nothing was sent. The plan is kept in {path}")
            return Exit.OK
    return Apply(app, options, path, data).run()


class Apply:
    """One apply: what must hold before the first request, the run, and what comes after."""

    def __init__(self, app: App, options: Options, path: Path, data: bytes) -> None:
        self.app = app
        self.options = options
        self.path = path
        self.data = data
        self.now = app.now()
        self.digest = planfile.digest(data)
        self.waived: list[dict[str, str]] = []
        self.required = 0
        self.counted: Counted | None = None
        self.signers_digest: str | None = None
        self.schedules: dict[str, Schedule] = {}
        self.window: dict[str, Any] | None = None

    def run(self) -> int:
        from reconciler.apply.prepare import check_project
        from reconciler.cli._state import journal

        self.project = self.app.load_project()
        unknown = set(self.options.accounts) - set(self.project.accounts)
        if unknown:
            raise Usage(f"--account: the project has no {', '.join(sorted(unknown))}")
        try:
            self.plan = planfile.loads(self.data)
            check_project(self.plan, self.project)
        except Stale:
            self.app.load_all()  # what is wrong with the files is told before that
            raise
        self.waivers: Waivers = sort_out(self.project.waivers, today=self.now.date())
        if self.options.dry_run:
            return self._dry_run()
        with journal(self.app, self.project) as opened:
            return self._apply(opened)

    # ---- dry run

    def _dry_run(self) -> int:
        from reconciler.apply.prepare import dry_run, limited
        from reconciler.render import text

        made = self._fresh()
        if not self.plan.applicable:
            self._refuse_violations(self.plan.violations)
        planned = self._merged(made, {})
        chosen = self.options.accounts or None
        out = limited(planned, accounts=chosen, limit=self.options.limit)
        fates = {one.target: one.fate for one in planned if one.fate is not None} | out
        document = dry_run(planned, self.project, made.extras.drivers, fates)
        if self.options.format == "json":
            self.app.out_json(document, indent=1)
        else:
            self.app.out(text.dry_run(document, color=self.app.color))
        for target, fate in fates.items():
            self.app.note(safe.terminal(f"not sent: {target}: {fate.outcome}, {fate.detail}"))
        return Exit.OK

    # ---- the real thing

    def _apply(self, journal: "SqliteJournal") -> int:
        from reconciler.apply.locks import Locks
        from reconciler.cli import _run
        from reconciler.cli._state import locks_folder

        targets = self._targets()
        done = self._all_done(journal, targets)
        if done is not None:
            return self._finish(journal, done, {}, started=self.now, run=None)
        self._no_journal(journal)
        made = self._fresh()
        planned, fates = self._judge(journal, made)
        working = self._working(planned, fates)
        chosen = self._chosen(made, working)
        settings = _run.opened(self.app, chosen)
        self._guards(journal, planned, fates, made, working)
        if not working:
            return self._nothing_to_send(journal, made, planned, fates)
        locks = Locks(locks_folder(self.app, self.project))
        try:
            return self._locked(journal, made, locks, chosen, settings)
        finally:
            locks.release()

    def _chosen(self, made: Made, working: "Sequence[Planned]") -> "list[tuple[Account, Driver]]":
        """The accounts that something is still to be done at."""
        names = sorted({one.target.account for one in working})
        accounts = [self.project.accounts[name] for name in names]
        return [(account, made.extras.drivers[account.driver]) for account in accounts]

    def _nothing_to_send(
        self,
        journal: "SqliteJournal",
        made: Made,
        planned: "Sequence[Planned]",
        fates: "Mapping[Target, Fate]",
    ) -> int:
        """Today's files leave nothing to send: a run that says so, without a lane."""
        from reconciler.cli._state import holder

        run = journal.begin(
            self.digest, "apply", json.dumps(holder()), self.waived, self._audit(False)
        )
        self._write_down(journal, run, planned, made)
        return self._finish(journal, planned, fates, started=self.now, run=run)

    def _write_down(
        self, journal: "SqliteJournal", run: int, planned: "Sequence[Planned]", made: Made
    ) -> None:
        """What today's files decided about targets, without a request, is durable too."""
        from reconciler.apply.prepare import decided

        rulings, records = decided(
            self.plan, self.digest, planned, made.extras.manifests, now=self.now
        )
        if rulings:
            journal.commit("", 0, run, rulings=rulings, audit=records)

    def _targets(self) -> list[Target]:
        deletes = (one for one in self.plan.actions if one.action == "delete")
        return [target for action in deletes for target in action.targets]

    def _all_done(
        self, journal: "SqliteJournal", targets: Sequence[Target]
    ) -> "list[Planned] | None":
        """Every target is final already: nothing is judged again, not even the plan's age."""
        from reconciler.apply.journal import NOTHING
        from reconciler.apply.merge import Planned, finished

        states = journal.states(targets)
        if not self.plan.applicable:
            return None
        planned = []
        for action in self.plan.actions:
            for target in action.targets if action.action == "delete" else ():
                state = states.get(target, NOTHING)
                fate = finished(self.plan, self.digest, action, target, state)
                if fate is None or not fate.outcome.final:
                    return None
                planned.append(Planned(action, target, state, fate, action.campaign))
        return planned

    def _no_journal(self, journal: "SqliteJournal") -> None:
        """With an empty journal, what cannot be looked at needs a person's word."""
        from reconciler.apply.work import can_look
        from reconciler.cli._run import drivers_of

        if not journal.empty:
            return
        self.app.note(
            "There is no journal of this project here: targets are looked at before their "
            "requests where the vendor can be asked."
        )
        drivers = drivers_of(self.project.accounts)
        accounts = sorted({one.account for one in self.plan.actions if one.action == "delete"})
        blind = [n for n in accounts if not can_look(drivers[self.project.accounts[n].driver])]
        chosen = [n for n in blind if not self.options.accounts or n in self.options.accounts]
        if chosen and not self.options.first_run and not sys.stdin.isatty():
            raise Usage(
                f"there is no journal of this project here, and {', '.join(chosen)} cannot be "
                "looked at; if nothing was ever sent for these targets, give --first-run, else "
                "bring the journal back"
            )

    def _fresh(self) -> Made:
        """The plan that today's files make."""
        from reconciler.cli._plan import make_plan
        from reconciler.matching import Question

        planned = {(one.account, one.id): None for one in self.plan.actions if one.id}
        plan, _, extras = make_plan(
            self.app,
            also=[Question("absent", name, id=id_) for name, id_ in planned if id_ is not None],
            inventory=self.options.inventory,
            inventory_format=self.options.inventory_format,
            now=self.now,
            author=self.plan.metadata.author,
        )
        return Made(plan, extras)

    def _judge(
        self, journal: "SqliteJournal", made: Made
    ) -> "tuple[list[Planned], dict[Target, Fate]]":
        """Every target with the fate that it has before anything is sent, if it has one."""
        from reconciler.apply.prepare import limited

        planned = self._merged(made, journal.states(self._targets()))
        accounts = self.options.accounts or None
        fates = {one.target: one.fate for one in planned if one.fate is not None}
        return planned, fates | limited(planned, accounts=accounts, limit=self.options.limit)

    def _merged(self, made: Made, states: Mapping[Target, Any]) -> "list[Planned]":
        from reconciler.apply.merge import Ground, merge
        from reconciler.apply.prepare import witnesses

        accounts = self.project.accounts
        facts, names = made.extras.facts.accounts, sorted(self.plan.accounts)
        resurrected = {t for t in states if self.waivers.of_target("resurrected", t)}
        ground = Ground(
            by_name={n for n in names if made.extras.drivers[accounts[n].driver].by_name},
            captured={n: facts[n].captured_at if n in facts else None for n in names},
            complete={n for n in names if n in made.plan.accounts and _complete(made.plan, n)},
            witnessed={
                n
                for n in names
                if witnesses(n, self.plan, made.plan, made.extras.matches, made.extras.facts).items
            },
            revived=resurrected,
            listed={key: hit.campaign for key, hit in made.extras.matches.hits.items()},
        )
        return merge(self.plan, self.digest, made.plan, states, ground)

    def _working(
        self, planned: "Sequence[Planned]", fates: "Mapping[Target, Fate]"
    ) -> "list[Planned]":
        """The targets that something is still to be done about: sent, or settled."""
        chosen = self.options.accounts
        return [
            one
            for one in planned
            if one.target not in fates
            or (one.in_doubt and (not chosen or one.target.account in chosen))
        ]

    # ---- what must hold before the first request

    def _guards(
        self,
        journal: "SqliteJournal",
        planned: "Sequence[Planned]",
        fates: "Mapping[Target, Fate]",
        made: Made,
        working: "Sequence[Planned]",
    ) -> None:
        from reconciler.apply.prepare import check_age

        if not working and self.plan.applicable:
            return
        check_age(self.plan, self.project, journal.first_applied(self.digest), self.now)
        if not self.plan.applicable:
            self._refuse_violations(self.plan.violations)
        left = [one for one in planned if one.target not in fates]
        self._limits(journal, left, made)
        self.waived = self._waived()
        if left:
            self._approved(made)
        self._windows(sorted({one.target.account for one in left}))

    def _limits(self, journal: "SqliteJournal", left: "Sequence[Planned]", made: Made) -> None:
        """`Refused` if what is left breaks `max-deletions` or `inventory-age` today."""
        from reconciler.apply.prepare import violations

        facts, since = made.extras.facts, journal.deleted_since
        broken = violations(self.project, left, facts, self.waivers, since, now=self.now)
        if broken:
            self._refuse_violations(broken)

    def _refuse_violations(self, violations: Sequence[Any]) -> None:
        said = "; ".join(
            f"{one.guard} ({one.account}): {one.message}" if one.account else one.message
            for one in violations
        )
        raise Refused(f"{said}; nothing was sent")

    def _waived(self) -> list[dict[str, str]]:
        if not self.options.waive:
            return []
        (rule,) = self.options.waive
        if rule not in self.project.guards.waivable:
            known = ", ".join(self.project.guards.waivable) or "none"
            raise Refused(f"--waive {rule}: guards.waivable of the project allows {known}")
        because, ticket = self.options.because or "", self.options.ticket or ""
        self.app.err(safe.terminal(_lifted(rule, because, ticket)))
        return [{"rule": rule, "because": because, "ticket": ticket}]

    def _approved(self, made: Made) -> None:
        """`Refused` unless enough people signed these very bytes."""
        from reconciler import approvals

        required = max(self.plan.approvals.required, made.plan.approvals.required)
        required = max(required, self._required_today())
        self.required = required
        if required <= 0 or "approvals" in self.options.waive:
            return
        rule = self.project.guards.approvals
        if rule is None:
            raise Refused(
                f"the plan needs {required} approvals, and the project no longer says who may "
                "approve; plan again"
            )
        place = disk.inside(self.app.root, rule.allowed_signers)
        if self.options.approvals:
            given = [
                (one, disk.read_file(Path(one), what="the signature", most=1 << 20))
                for one in self.options.approvals
            ]
        else:
            given = approvals.read_signatures(self.path)
        signers = approvals.read_signers(place)
        self.signers_digest = hashlib.sha256(signers.allowed).hexdigest()
        self.counted = counted = approvals.count(
            self.data,
            given,
            signers,
            author=self.plan.metadata.author,
            aliases=rule.aliases,
            requested_by=self.options.requested_by,
            now=self.now,
            plan_name=self.path.name,
        )
        author = self.plan.metadata.author
        if missing := approvals.shortfall(counted, required=required, author=author):
            raise Refused(f"{missing}; nothing was sent (reconciler approve signs the plan)")

    def _required_today(self) -> int:
        rule = self.project.guards.approvals
        if rule is None:
            return 0
        waived = any(one.waivers for one in self.plan.actions)
        return rule.required if self.plan.summary.targets > rule.above or waived else 0

    def _windows(self, accounts: Sequence[str]) -> None:
        """Refuse if every account's window is closed; those still open go on alone."""
        self.schedules = {n: Schedule(self.project.accounts[n].guards.windows) for n in accounts}
        if "windows" in self.options.waive or not accounts:
            self.schedules = {}
            return
        closed = [self._closed(name) for name in accounts]
        if all(closed):
            raise Refused(f"{closed[0]}; nothing was sent")
        decisions = [self.schedules[name].decide(self.now) for name in accounts]
        first = next(one for one in decisions if one.open)
        self.window = {"open": True, "rule": first.rule, "because": first.because}

    def _closed(self, account: str) -> str | None:
        if account not in self.schedules:
            return None
        decision = self.schedules[account].decide(self.app.now())
        if decision.open:
            return None
        opens = f"; opens {decision.opens_at:%Y-%m-%d %H:%M} UTC" if decision.opens_at else ""
        why = f" ({decision.because})" if decision.because else ""
        return f"the window is closed: {decision.rule}{why}{opens}"

    # ---- the run

    def _locked(
        self,
        journal: "SqliteJournal",
        made: Made,
        locks: Any,
        chosen: "Sequence[tuple[Account, Driver]]",
        settings: Mapping[str, Any],
    ) -> int:
        from reconciler.apply.report import stamp
        from reconciler.cli import _run
        from reconciler.cli._state import holder
        from reconciler.render._words import plan_masker

        who = {
            **holder(),
            "since": stamp(self.now),
            "plan": f"plan {self.digest[:19]}",
            "accounts": [account.name for account, _ in chosen],
        }
        locks.take(_run.lanes_of(chosen), who)
        if any(account.guards.max_deletions.per for account, _ in chosen):
            # What another run has deleted since we looked counts; from now on nobody else does.
            planned, fates = self._judge(journal, made)
            self._limits(journal, [one for one in planned if one.target not in fates], made)
        # Before the run begins: one that cannot tell its events leaves no trace.
        with _run.Events(self.app, self.options.events, plan_masker(self.plan)) as events:
            return self._carried_out(journal, made, chosen, settings, who, events)

    def _carried_out(
        self,
        journal: "SqliteJournal",
        made: Made,
        chosen: "Sequence[tuple[Account, Driver]]",
        settings: Mapping[str, Any],
        who: Mapping[str, Any],
        events: "Events",
    ) -> int:
        from reconciler.apply.run import take
        from reconciler.cli import _run
        from reconciler.cli._state import keep_plan

        resumed = journal.first_applied(self.digest) is not None
        empty = journal.empty
        keep_plan(self.app, self.digest, self.data)
        started = self.app.now()
        run = journal.begin(
            self.digest, "apply", json.dumps(who, sort_keys=True), self.waived, self._audit(resumed)
        )
        ledgers = take(chosen, journal, run)
        planned, fates = self._judge(journal, made)  # what other runs did meanwhile counts
        self._write_down(journal, run, planned, made)
        if not self._working(planned, fates):
            return self._finish(journal, planned, fates, started=started, run=run)
        context = _run.context(
            self.app,
            journal,
            run,
            self.digest,
            emit=events.emit,
            closed=self._closed,
            max_wait=self.options.max_wait,
            first_run=self.options.first_run,
        )
        works = self._works(made, planned, fates, chosen, settings, resumed, empty)
        running = _run.Running(context, events.tick)
        total = sum(len(one.jobs) for one in works)
        events.emit(Event(context.wall(), "run-started", total=total, detail=self.digest))
        try:
            told = running.go(works, ledgers, send=True)
            events.emit(Event(context.wall(), "run-ended", done=len(told)))
        finally:
            events.close()
        shut = any(fate.detail and fate.detail.startswith("the window") for fate in told.values())
        return self._finish(
            journal,
            planned,
            {**fates, **told},
            started=started,
            run=run,
            worked=told.keys(),
            signal=running.signalled,
            shut=shut,
        )

    def _works(
        self,
        made: Made,
        planned: "Sequence[Planned]",
        fates: "Mapping[Target, Fate]",
        chosen: "Sequence[tuple[Any, Driver]]",
        settings: Mapping[str, Any],
        resumed: bool,
        empty: bool,
    ) -> list[Any]:
        from reconciler.apply.prepare import Looking, jobs, rules_of, witnesses
        from reconciler.apply.run import AccountWork
        from reconciler.cli import _run

        going = [
            one if one.fate is not None else replace(one, fate=fates.get(one.target))
            for one in planned
            if one.target not in fates or one.in_doubt
        ]
        looking = Looking(empty_journal=empty, resumed=resumed)
        works = []
        for account, driver in chosen:
            session, secrets = _run.session(account, driver, settings[account.name])
            todo = jobs(self.plan, going, account, driver, made.extras.manifests, looking)
            works.append(
                AccountWork(
                    account=account,
                    driver=driver,
                    session=session,
                    secrets=secrets,
                    jobs=todo,
                    witnesses=witnesses(
                        account.name, self.plan, made.plan, made.extras.matches, made.extras.facts
                    ),
                    rules=rules_of(account, made.extras.asked, self.waivers, self.now),
                )
            )
        return works

    def _audit(self, resumed: bool) -> dict[str, Any]:
        """What the audit log says of this run's start."""
        from reconciler import __version__

        rule = self.project.guards.approvals
        return {
            "tool": f"reconciler {__version__}",
            "resumed": resumed,
            "commit": self.plan.metadata.commit,
            "author": self.plan.metadata.author,
            "requestedBy": list(self.options.requested_by),
            "tickets": [self.options.ticket] if self.options.ticket else [],
            "approvals": {
                "required": self.required,
                "principals": list(self.counted.principals) if self.counted else [],
                "rejected": list(self.counted.rejected) if self.counted else [],
                "allowedSigners": self.signers_digest,
                "aliases": {k: list(v) for k, v in rule.aliases.items()} if rule else {},
            },
            "window": self.window,
            "waived": [one["rule"] for one in self.waived],
        }

    # ---- after

    def _finish(
        self,
        journal: "SqliteJournal",
        planned: "Sequence[Planned]",
        fates: "Mapping[Target, Fate]",
        *,
        started: datetime,
        run: int | None,
        worked: Collection[Target] = (),
        signal: Exit | None = None,
        shut: bool = False,
    ) -> int:
        from reconciler import render
        from reconciler.apply import report as reports
        from reconciler.apply.work import Fate
        from reconciler.cli._state import save_report
        from reconciler.render import json as json_view

        whole = {one.target: fates.get(one.target) or Fate(Outcome.PENDING) for one in planned}
        for one in planned:
            if run is None and one.fate is not None:
                whole[one.target] = one.fate
            elif one.in_doubt and one.target not in worked:
                whole[one.target] = Fate(Outcome.IN_DOUBT, one.state.detail)
        code = reports.exit_code(whole, signal=signal, shut=shut)
        made = reports.report(
            self.digest,
            planned,
            whole,
            journal.requests(whole),
            started=started,
            ended=self.app.now(),
            exit_code=code,
            notes=[_lifted(**one) for one in self.waived],
        )
        kept = json_view.report(made, self.plan, show_numbers=True).encode()
        if run is not None:
            save_report(self.app, self.digest, kept)
            report = hashlib.sha256(kept).hexdigest()
            journal.end(run, code, {"summary": made.summary, "report": report})
        self._print(made)  # first: what happened is told even if a file cannot be written
        for name, file in map(_report_file, self.options.reports):
            disk.write_whole(Path(file), render.REPORT_FORMATS[name](made, self.digest).encode())
        if self.options.update_inventory:
            self._update_inventory(whole)
        return code

    def _print(self, made: Any) -> None:
        from reconciler import render
        from reconciler.render import json as json_view
        from reconciler.render import text as text_view

        numbers = self.options.show_numbers
        match self.options.format:
            case "json":
                self.app.out(json_view.report(made, self.plan, show_numbers=numbers))
            case "markdown":
                self.app.out(render.REPORT_FORMATS["markdown"](made, self.digest))
            case _:
                self.app.out(
                    text_view.report(
                        made,
                        self.plan,
                        color=self.app.color,
                        width=100,
                        show_numbers=numbers,
                    )
                )

    def _update_inventory(self, fates: "Mapping[Target, Fate]") -> None:
        from reconciler.cli._plan import without_targets

        gone = [target for target, fate in fates.items() if fate.outcome.final]
        if gone:
            without_targets(
                self.app,
                self.project,
                self.options.inventory,
                self.options.inventory_format,
                gone,
            )


def _lifted(rule: str, because: str, ticket: str) -> str:
    return f"WAIVED for this run: {rule} ({ticket}: {because})"


def _complete(plan: Plan, account: str) -> bool:
    return plan.accounts[account].complete
