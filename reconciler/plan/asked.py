"""What is asked of every record: absences, keeps and protections, each with where it stands."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import compress, count
from typing import Any

import msgspec

from reconciler.declare.manifest import Entry, Manifest, Selector
from reconciler.declare.project import ProjectFile, Protect
from reconciler.driver import Driver, by_key
from reconciler.plan import scopes
from reconciler.plan.matching import Question, nfc

Origin = Entry | Protect


class QuestionSet(msgspec.Struct, frozen=True):
    """Questions for the matcher, and what each came from; both of one length, in one order.

    Where the vendor goes by name, an `id` and a `name` are the same thing, so such an entry asks
    twice: once as it is written, once in the other form. The second is its *twin*.
    """

    questions: tuple[Question, ...]
    origins: tuple[Origin, ...]
    manifests: tuple[Manifest, ...]
    twins: frozenset[int]
    """The questions in the form that their entry does not have; each follows its first."""
    shared: Mapping[str, tuple[str, ...]] = {}
    """Accounts of one scope: each with all their names, itself among them."""

    def names(self, account: str) -> tuple[str, ...]:
        """The accounts of the scope of *account*, itself among them, by name."""
        return self.shared.get(account, (account,))


def questions(
    project: ProjectFile,
    manifests: Sequence[Manifest],
    drivers: Mapping[str, Driver],
    shared: Mapping[str, tuple[str, ...]] | None = None,
) -> QuestionSet:
    """Everything to ask of the inventory, in an order that depends on the files alone.

    *shared*: the accounts of one scope (`scopes.twins`); what is kept or protected in one of them
    holds in all. None: as far as the files themselves show it.

    Absences and keeps of every manifest, the expired ones too: an expired absence still shows what
    it would have asked for, and a keep never ends. *drivers* by account.
    """
    if shared is None:
        shared = scopes.alike(tuple(project.accounts.values()), drivers)
    ordered = tuple(sorted(manifests, key=lambda one: (one.path, one.line, one.name)))
    pairs = [
        pair
        for origin, question in _all(project, ordered, shared)
        for pair in _both(origin, question, drivers[question.account])
    ]
    turned = [(question.id is None) != (origin.id is None) for origin, question in pairs]
    return QuestionSet(
        questions=tuple(question for _, question in pairs),
        origins=tuple(origin for origin, _ in pairs),
        manifests=ordered,
        twins=frozenset(compress(count(), turned)),
        shared=shared,
    )


def protects_of(project: ProjectFile, names: Sequence[str]) -> tuple[Protect, ...]:
    """The protections that hold for the accounts *names*, which are of one scope; each once."""
    found: list[Protect] = []
    for name in names:
        for one in project.accounts[name].guards.protect:
            if (one.account is None or one.account == name) and one not in found:
                found.append(one)
    return tuple(found)


def words(entry: Entry, scope: str, *, by_name: bool) -> str:
    """The digest of what an absence asks for: its scope, and its id, name or match.

    Not its account's name, nor where it stands, nor `expect` and numbers. Where the vendor goes
    *by_name*, an id is a name.
    """
    said: object = entry.match and _plain(entry.match)
    form = "match"
    if entry.match is None:
        form = "name" if by_name or entry.id is None else "id"
        said = entry.id if form == "id" else nfc(entry.id or entry.name or "")
    text = json.dumps([scope, form, said], sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(selector: Selector) -> dict[str, Any]:
    """The conditions of *selector* that are set, each as it reads whatever order it is in."""
    return {
        key: sorted(map(str, said)) if isinstance(said, tuple) else said
        for key, said in by_key(selector).items()
        if said is not None
    }


def _all(
    project: ProjectFile, manifests: Sequence[Manifest], shared: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[Origin, Question]]:
    for manifest in manifests:
        for entry in manifest.absent:
            yield entry, Question("absent", entry.account, entry.id, entry.name, entry.match)
    for manifest in manifests:
        for kept in manifest.keep:
            for name in shared.get(kept.account, (kept.account,)):
                yield kept, Question("keep", name, kept.id, kept.name, kept.match)
    for name in sorted(project.accounts):
        for one in protects_of(project, shared.get(name, (name,))):
            yield one, Question("protect", name, one.id, one.name, one.match)


def _both(origin: Origin, question: Question, driver: Driver) -> Iterator[tuple[Origin, Question]]:
    yield origin, question
    if driver.by_name and question.match is None:
        role, account = question.role, question.account
        yield origin, Question(role, account, id=question.name, name=question.id)
