"""What is asked of every record: absences, keeps and protections, each with where it stands."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import compress, count

import msgspec

from reconciler.driver import Driver
from reconciler.model import Account, Entry, Manifest, Project, Protect
from reconciler.plan.matching import Question

Origin = Entry | Protect


class Asked(msgspec.Struct, frozen=True):
    """Questions for the matcher, and what each came from; both of one length, in one order.

    Where the vendor goes by name, an `id` and a `name` are the same thing, so such an entry asks
    twice: once as it is written, once in the other form. The second is its *twin*.
    """

    questions: tuple[Question, ...]
    origins: tuple[Origin, ...]
    manifests: tuple[Manifest, ...]
    twins: frozenset[int]
    """The questions in the form that their entry does not have; each follows its first."""


def questions(
    project: Project, manifests: Sequence[Manifest], drivers: Mapping[str, Driver]
) -> Asked:
    """Everything to ask of the inventory, in an order that depends on the files alone.

    Absences and keeps of every manifest, the expired ones too: an expired absence still shows what
    it would have asked for, and a keep never ends. *drivers* by name.
    """
    ordered = tuple(sorted(manifests, key=lambda one: (one.path, one.line, one.name)))
    pairs = [
        pair
        for origin, question in _all(project, ordered)
        for pair in _both(origin, question, drivers[project.accounts[question.account].driver])
    ]
    turned = [(question.id is None) != (origin.id is None) for origin, question in pairs]
    return Asked(
        questions=tuple(question for _, question in pairs),
        origins=tuple(origin for origin, _ in pairs),
        manifests=ordered,
        twins=frozenset(compress(count(), turned)),
    )


def protects_of(account: Account) -> tuple[Protect, ...]:
    """The protections that hold for *account*."""
    return tuple(
        one for one in account.guards.protect if one.account is None or one.account == account.name
    )


def _all(project: Project, manifests: Sequence[Manifest]) -> Iterator[tuple[Origin, Question]]:
    for manifest in manifests:
        for entry in manifest.absent:
            yield entry, Question("absent", entry.account, entry.id, entry.name, entry.match)
    for manifest in manifests:
        for entry in manifest.keep:
            yield entry, Question("keep", entry.account, entry.id, entry.name, entry.match)
    for name in sorted(project.accounts):
        for one in protects_of(project.accounts[name]):
            yield one, Question("protect", name, one.id, one.name, one.match)


def _both(origin: Origin, question: Question, driver: Driver) -> Iterator[tuple[Origin, Question]]:
    yield origin, question
    if driver.by_name and question.match is None:
        role, account = question.role, question.account
        yield origin, Question(role, account, id=question.name, name=question.id)
