"""Absences with what the whole inventory answered: who asks, how, and which manifests may not."""

from collections.abc import Mapping
from datetime import date

import msgspec

from reconciler.declare.manifest import Entry, Manifest
from reconciler.declare.project import ProjectFile
from reconciler.model import Reason, Source
from reconciler.plan.asked import QuestionSet
from reconciler.plan.guards import metadata
from reconciler.plan.matching import Matches


class Ask(msgspec.Struct, frozen=True):
    """One absence. *found*: the records that answer it. *blocked*: why its manifest may not ask."""

    entry: Entry
    source: Source
    found: int
    blocked: tuple[Reason, str] | None

    @property
    def ambiguous(self) -> bool:
        """One name (or, where the vendor goes by name, one id) that several records bear."""
        return self.entry.match is None and self.found > 1


def asks(
    asked: QuestionSet, matches: Matches, project: ProjectFile, *, today: date
) -> dict[int, Ask]:
    """The absences by the index of their question; a twin has the `Ask` of its entry."""
    found = _found(asked, matches)
    blocked = blocks(asked, matches, project, today=today)
    twins = asked.twins
    made: dict[int, Ask] = {}
    for index, question in enumerate(asked.questions):
        entry = asked.origins[index]
        if question.role != "absent" or not isinstance(entry, Entry):
            continue
        if index in twins:
            made[index] = made[index - 1]
            continue
        made[index] = Ask(
            entry=entry,
            source=Source(manifest=entry.manifest, path=entry.path, line=entry.line),
            found=found.get(index, 0),
            blocked=blocked.get(entry.manifest),
        )
    return made


def _found(asked: QuestionSet, matches: Matches) -> dict[int, int]:
    """How many different records answer each question or its twin, by the first of both."""
    found = dict(matches.found)
    twins = asked.twins
    for twin in twins:
        found[twin - 1] = found.get(twin - 1, 0) + found.get(twin, 0)
    if twins:
        # A record whose id is its name answers both forms and is one record.
        for hit in matches.hits.values():
            mine = frozenset(hit.asked)
            for twin in mine & twins:
                if twin - 1 in mine:
                    found[twin - 1] -= 1
    return found


def blocks(
    asked: QuestionSet, matches: Matches, project: ProjectFile, *, today: date
) -> Mapping[str, tuple[Reason, str]]:
    """The manifests that may not ask for anything today, with the reason; by name."""
    failed = _unexpected(asked, matches)
    made: dict[str, tuple[Reason, str]] = {}
    for manifest in asked.manifests:
        wrong = _blocked(manifest, project, failed.get(manifest.name), today)
        if wrong is not None:
            made[manifest.name] = wrong
    return made


def _blocked(
    manifest: Manifest, project: ProjectFile, unexpected: str | None, today: date
) -> tuple[Reason, str] | None:
    if manifest.until is not None and manifest.until < today:
        return Reason.EXPIRED, f"{manifest.name} was enforced until {manifest.until.isoformat()}"
    if manifest.not_before is not None and today < manifest.not_before:
        first = manifest.not_before.isoformat()
        return Reason.NOT_YET, f"{manifest.name} is enforced from {first}"
    if unexpected is not None:
        return Reason.EXPECTATION, f"{manifest.name}: {unexpected}"
    lacking = metadata.refusal(manifest, project.accounts[manifest.account].guards)
    return None if lacking is None else (Reason.METADATA, lacking)


def _unexpected(asked: QuestionSet, matches: Matches) -> dict[str, str]:
    """The first match of each manifest that found fewer or more than it expects."""
    failed: dict[str, str] = {}
    for index, entry in enumerate(asked.origins):
        if entry.match is not None and isinstance(entry, Entry):
            said = _expectation(entry, matches.found.get(index, 0))
            if said is not None:
                failed.setdefault(entry.manifest, said)
    return failed


def _expectation(entry: Entry, found: int) -> str | None:
    place = f"the match at {entry.path}:{entry.line} finds {found} campaign{'s'[: found != 1]}"
    if found and entry.expect_min is not None and found < entry.expect_min:
        return f"{place} and expects at least {entry.expect_min}: {entry.expect_min - found} fewer"
    if found and entry.expect_max is not None and found > entry.expect_max:
        return f"{place} and expects at most {entry.expect_max}: {found - entry.expect_max} more"
    return None
