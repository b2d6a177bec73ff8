"""The campaigns that somebody asks for, listed or not, with everything that has a say in each."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

import msgspec

from reconciler.declare.manifest import Entry, Selector
from reconciler.declare.project import ProjectFile, Protect
from reconciler.driver import Driver
from reconciler.model import AccountFacts, Campaign, LookFirst
from reconciler.plan import exceptions
from reconciler.plan.asked import Origin, QuestionSet, protects_of
from reconciler.plan.asking import Ask
from reconciler.plan.guards import protect
from reconciler.plan.matching import Matcher, nfc
from reconciler.plan.packing import Hit


class Candidate(msgspec.Struct, frozen=True):
    """One campaign, or a name that no campaign has (*id* None).

    *record*: None if the inventory does not list it. *confused*: why it is not sure that it is
    the campaign meant. *unseen*: why a keep or protection may hold for it that nobody can see.
    *first*: what must be seen of a listed one before an exception is known not to hold.
    """

    account: str
    id: str | None
    name: str | None
    record: Campaign | None
    asks: tuple[Ask, ...]
    keeps: tuple[Entry, ...] = ()
    protects: tuple[Protect, ...] = ()
    confused: str | None = None
    unseen: str | None = None
    first: tuple[LookFirst, ...] = ()


def unlisted(
    asked: QuestionSet,
    asks: Mapping[int, Ask],
    project: ProjectFile,
    drivers: Mapping[str, Driver],
    *,
    now: datetime,
) -> Iterator[Candidate]:
    """Every campaign that an absence asks for and that the inventory does not list."""
    return _Unlisted(asked, asks, project, drivers, now).candidates()


def listed(
    hit: Hit,
    asked: QuestionSet,
    asks: Mapping[int, Ask],
    facts: Mapping[str, AccountFacts],
) -> Candidate | None:
    """The campaign of *hit*; None if no absence asks for it."""
    twins = asked.twins
    mine: dict[int, Ask] = {}
    others: dict[int, Origin] = {}
    confused: str | None = None
    for index in hit.asked:
        ask = asks.get(index)
        # A question beyond ours is somebody else's, `explain`'s for one.
        if ask is None and index >= len(asked.questions):
            continue
        first = index - 1 if index in twins else index
        if ask is None:
            others[first] = asked.origins[index]
            continue
        mine[first] = ask
        name = ask.entry.name
        if ask.blocked is not None:
            continue  # who may not ask today confuses nobody
        if first != index and name is not None and nfc(hit.campaign.name) != nfc(name):
            confused = f"{ask.entry.path}:{ask.entry.line} asks by name for what is its id"
    if not mine:
        return None
    return Candidate(
        account=hit.campaign.account,
        id=hit.campaign.id,
        name=hit.campaign.name,
        record=hit.campaign,
        asks=tuple(mine.values()),
        keeps=_keeps(others.values()),
        protects=_protects(others.values()),
        confused=confused,
        first=_first(hit, asked, facts.get(hit.campaign.account)) if hit.unsure else (),
    )


def _first(hit: Hit, asked: QuestionSet, facts: AccountFacts | None) -> tuple[LookFirst, ...]:
    mine = [asked.origins[index] for index in hit.unsure if index < len(asked.questions)]
    distinct = {id(one): one for one in mine}.values()  # one that holds in several accounts
    return exceptions.may_hold(distinct, hit.campaign, facts)


def _keeps(origins: Collection[Origin]) -> tuple[Entry, ...]:
    return tuple([one for one in origins if isinstance(one, Entry)]) if origins else ()


def _protects(origins: Collection[Origin]) -> tuple[Protect, ...]:
    return tuple([one for one in origins if isinstance(one, Protect)]) if origins else ()


_Key = tuple[str, str, str]  # account, "id" or "name", text (a name in NFC)


class _Unlisted:
    """The absences by id or name that found nothing, one candidate for each id or name."""

    def __init__(
        self,
        asked: QuestionSet,
        asks: Mapping[int, Ask],
        project: ProjectFile,
        drivers: Mapping[str, Driver],
        now: datetime,
    ) -> None:
        self._asked = asked
        self._project = project
        self._drivers = drivers
        self._now = now
        self._wanted: dict[_Key, list[Ask]] = defaultdict(list)
        twins = asked.twins
        for index, ask in asks.items():
            if ask.found == 0 and ask.entry.match is None and index not in twins:
                self._wanted[self._key(ask.entry)].append(ask)
        self._said = _by_text(asked) if self._wanted else {}

    def _key(self, entry: Entry) -> _Key:
        if self._drivers[entry.account].by_name:
            return entry.account, "name", nfc(entry.id or entry.name or "")
        if entry.id is not None:
            return entry.account, "id", entry.id
        return entry.account, "name", nfc(entry.name or "")

    def candidates(self) -> Iterator[Candidate]:
        plain = {key: self._candidate(key, asks) for key, asks in self._wanted.items()}
        named = self._judged_by_name(plain)
        blind = {account: self._blind(account) for account in {key[0] for key in plain}}
        for key, one in plain.items():
            extra = named.get(key, ())
            yield msgspec.structs.replace(
                one,
                keeps=(*one.keeps, *_keeps(extra)),
                protects=(*one.protects, *_protects(extra)),
                unseen=blind[one.account],
            )

    def _candidate(self, key: _Key, asks: list[Ask]) -> Candidate:
        account, form, _ = key
        by_name = self._drivers[account].by_name
        first = asks[0].entry
        free = [one for one in asks if one.blocked is None]
        texts = {one.entry.id or one.entry.name for one in free or asks}
        origins = self._said.get(key, [])
        if by_name:
            origins = [*origins, *(o for text in texts if text for o in self._also(account, text))]
        distinct = tuple({id(one): one for one in origins}.values())
        text = first.id or first.name
        return Candidate(
            account=account,
            id=text if by_name or form == "id" else None,
            name=text if by_name or form == "name" else None,
            record=None,
            asks=tuple(asks),
            keeps=_keeps(distinct),
            protects=_protects(distinct),
            confused="the absences write its name in different characters"
            if by_name and free and len(texts) > 1
            else None,
        )

    def _also(self, account: str, text: str) -> list[Origin]:
        return self._said.get((account, "id", text), [])

    def _judged_by_name(self, plain: Mapping[_Key, Candidate]) -> dict[_Key, tuple[Origin, ...]]:
        """Keeps and protections by `match` that hold by the name alone, where it is the id."""
        unlisted = {
            (one.account, one.id): key
            for key, one in plain.items()
            if one.id is not None and self._drivers[one.account].by_name
        }
        accounts = {account for account, _ in unlisted}
        rules = [
            (question, self._asked.origins[index])
            for index, question in enumerate(self._asked.questions)
            if question.role != "absent" and question.match and question.account in accounts
        ]
        if not rules:
            return {}
        matcher = Matcher([question for question, _ in rules], now=self._now, spare=0)
        matcher.feed([Campaign(account=a, id=text, name=text) for a, text in unlisted])
        found = matcher.finish().hits
        return {
            unlisted[key]: tuple(rules[index][1] for index in hit.asked)
            for key, hit in found.items()
        }

    def _blind(self, account: str) -> str | None:
        """Why no unlisted campaign of *account* is sure to be neither kept nor protected."""
        driver = self._drivers[account]
        looks = driver.look is not None or driver.list is not None
        if looks:  # it is looked at before its request, and what stays unknown then drifts
            return None
        names = self._asked.names(account)
        said = protect.unseen(protects_of(self._project, names), looks=looks)
        if said is not None:
            return said
        for question, origin in zip(self._asked.questions, self._asked.origins, strict=True):
            if (
                question.role == "keep"
                and question.account == account
                and question.match is not None
                and not (driver.by_name and _by_name_alone(question.match))
            ):
                return (
                    f"nobody can see whether {origin.path}:{origin.line} keeps it:"
                    " it is not listed and not looked at"
                )
        return None


def _by_name_alone(selector: Selector) -> bool:
    """Whether a name is all that *selector* needs to judge a record."""
    return all(
        getattr(selector, name) is None
        for name in Selector.model_fields
        if name not in ("name", "name_regex", "text")
    )


def _by_text(asked: QuestionSet) -> dict[_Key, list[Origin]]:
    """Keeps and protections by the id or name that they give."""
    said: dict[_Key, list[Origin]] = defaultdict(list)
    for question, origin in zip(asked.questions, asked.origins, strict=True):
        if question.role == "absent":
            continue
        if question.id is not None:
            said[question.account, "id", question.id].append(origin)
        elif question.name is not None:
            said[question.account, "name", nfc(question.name)].append(origin)
    return said
