"""The plan of today's files: project, manifests and inventory are read, and a plan made of them.

The one file of this package, beside `origin` and `saved`, that is not pure.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime

import msgspec

from reconciler import __version__
from reconciler.declare.manifest import Manifest
from reconciler.declare.project import ProjectFile
from reconciler.driver import Driver
from reconciler.errors import Diagnostic, check_names
from reconciler.inventory import Facts, Reader
from reconciler.inventory.sources import PROJECT, Given, inventory_sources
from reconciler.model import InputFile, Inputs, PlanDocument
from reconciler.plan import origin, planfile, planner
from reconciler.plan.asked import QuestionSet, questions
from reconciler.plan.hits import Keys
from reconciler.plan.inputs import files
from reconciler.plan.matching import Matcher, Matches, Question
from reconciler.plan.saved import no_collection
from reconciler.plan.spool import Spool
from reconciler.plan.usual import plainness
from reconciler.site import Site


class FreshPlan(msgspec.Struct, frozen=True):
    """A plan of the files as they are *now*, its bytes, and what it was made of.

    *matches.unasked* holds the witnesses; *drivers* go by name. *warnings* are those of project
    and manifests, which are not in the plan.
    """

    now: datetime
    plan: PlanDocument
    data: Spool
    project: ProjectFile
    manifests: tuple[Manifest, ...]
    drivers: Mapping[str, Driver]
    asked: QuestionSet
    facts: Facts
    matches: Matches
    warnings: tuple[Diagnostic, ...]


@no_collection()
def make_plan(
    site: Site,
    *,
    now: datetime,
    inventory: Given = PROJECT,
    accounts: Sequence[str] = (),
    manifests: Sequence[str] = (),
    author: str | None = None,
    attributes: bool = False,
    also: Sequence[Question] = (),
    listed: Keys | None = None,
    shared: Mapping[str, tuple[str, ...]] | None = None,
    part: bool = False,
    estimated: bool = True,
    heed: Callable[[], None] = lambda: None,
) -> FreshPlan:
    """A plan of today's files. `InputError` with everything that is wrong with them.

    *inventory*: what was said of it; nothing: the project's. *accounts* and *manifests*: only their
    deletions; empty: all. *also*: more questions to put to the inventory, after those of the files.
    *listed*: campaigns whose records are wanted too, whether anybody asks for them or not.
    *shared*: the accounts of one scope, as `questions` takes them. *part*: the inventory is a part
    of what was counted already; what an absence expects is not asked of it. *estimated*: whether
    the plan says what it takes. *heed* is called every some records, and may raise.
    """
    project, loaded, diagnostics = site.load_all()
    if part:
        loaded = tuple(one.uncounted() for one in loaded)
    check_names("accounts", accounts, project.accounts)
    check_names("manifests", manifests, [one.name for one in loaded])
    drivers = site.drivers_of(project)
    asked = questions(project, loaded, drivers, shared)
    by_name = [one.name for one in project.accounts.values() if drivers[one.name].by_name]
    matcher = Matcher(
        (*asked.questions, *also),
        now=now,
        by_name=by_name,
        listed=listed,
        attributes=attributes,
        plain=plainness(project.accounts, drivers),
    )
    facts, matches = _read(site, project, matcher, inventory, now, heed)
    made = planner.plan(
        project,
        facts,
        matches,
        asked,
        drivers,
        now=now,
        author=origin.author(author, site.root, site.environ),
        commit=origin.commit(site.root, site.environ),
        tool=f"reconciler {__version__}",
        inputs=_inputs(project, loaded, facts),
        only_accounts=frozenset(accounts) or None,
        only_manifests=frozenset(manifests) or None,
        attributes=attributes,
        estimated=estimated,
    )
    plan, data = planfile.written(made)
    return FreshPlan(
        now=now,
        plan=plan,
        data=data,
        project=project,
        manifests=loaded,
        drivers=drivers,
        asked=asked,
        facts=facts,
        matches=matches,
        warnings=tuple(one for one in diagnostics if one.severity == "warning"),
    )


def _inputs(project: ProjectFile, manifests: Sequence[Manifest], facts: Facts) -> Inputs:
    return Inputs(
        project=InputFile(path=project.path, sha256=_hex(project.digest)),
        manifests=files(manifests),
        inventory=facts.files,
    )


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")


def _read(
    site: Site,
    project: ProjectFile,
    matcher: Matcher,
    given: Given,
    now: datetime,
    heed: Callable[[], None],
) -> tuple[Facts, Matches]:
    """Stream the inventory past the matcher."""
    with ExitStack() as spooled:
        sources = inventory_sources(site, project, given, spooled)
        reader = Reader(sources, accounts=project.accounts.keys(), now=now)
        for batch in reader:
            heed()
            matcher.feed(batch)
            del batch  # before the next one is read
        if matcher.again:
            for batch in reader:
                heed()
                matcher.feed_again(batch)
        return reader.facts(), matcher.finish()
