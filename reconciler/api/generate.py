"""`generate`: a manifest that asks for exactly what was selected from the inventory."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Unpack

from reconciler import disk
from reconciler.api.given import GivenReading, One, Some, inventory_of, texts
from reconciler.api.plan import plan_time
from reconciler.declare import manifests
from reconciler.declare.project import ProjectFile
from reconciler.declare.quoting import quoted, scalar
from reconciler.declare.required import missed
from reconciler.declare.selector import Selector
from reconciler.driver.declared import key_of
from reconciler.errors import Diagnostic, ReconcilerError, Usage, check_names
from reconciler.inventory import Reader
from reconciler.inventory.sources import STDIN, inventory_sources
from reconciler.model import Campaign, Target
from reconciler.plan.matching import Matcher, Matches, Question
from reconciler.site import Site

_LISTS: Final = ("status", "channel")  # several values: written with commas, or said again
_INSIDE: Final = ("labels", "labelBefore", "labelAfter")  # written labels.KEY=VALUE
CONDITIONS: Final = tuple(
    key_of(name, field) for name, field in Selector.model_fields.items() if name != "text"
)
"""The keys of a `match`."""
_SHOWN: Final = 5  # ids that are not there, named one by one
_MOST_NAME: Final = 80


@dataclass(frozen=True, slots=True)
class Generated:
    """A manifest, and the campaigns it asks for, by id."""

    name: str
    account: str
    text: str
    campaigns: tuple[Campaign, ...]

    def write(self, path: One) -> None:
        """Write the manifest at *path*, never over a file."""
        (place,) = texts(path)
        disk.write_new(Path(place), self.text.encode())


def generate(
    site: Site,
    account: str,
    *,
    match: Mapping[str, str | Sequence[str]] | None = None,
    ids: Some = (),
    from_: One | None = None,
    name: str | None = None,
    owner: str | None = None,
    reason: str | None = None,
    ticket: str | None = None,
    until: str | None = None,
    inventory: Some = (),
    **reads: Unpack[GivenReading],
) -> Generated:
    """A manifest of what *match*, *ids* or the file *from_* select among *account*'s campaigns."""
    if sum(map(bool, (match, ids, from_))) != 1:
        raise Usage("say what is selected, in one way: --match, --id or --from")
    loaded, project, now = site.read(), site.load_project(), plan_time(site)
    check_names("account", [account], project.accounts)
    wanted = texts(ids) if from_ is None else _read_ids(site, account, texts(from_)[0])
    metadata = {
        "name": name or f"retire-{account}-{now:%Y-%m-%d}",
        "owner": owner,
        "reason": reason,
        "ticket": ticket,
        "until": until,
    }
    _check(metadata, account, project, {one.name for one in loaded.manifests})
    chosen = _selector(match, account, project) if match else None
    asked = (
        [Question("absent", account, match=chosen)]
        if chosen is not None
        else [Question("absent", account, id=one) for one in wanted]
    )
    given = inventory_of(inventory, **reads)
    with ExitStack() as spooled:
        sources = inventory_sources(site, project, given, spooled)
        reader = Reader(sources, accounts=project.accounts.keys(), now=site.now())
        matcher = Matcher(asked, now=now, spare=0)
        for batch in reader:
            matcher.feed(batch)
        site.warn(reader.facts().warnings)
    answers = matcher.finish()
    found = sorted((hit.campaign for hit in answers.hits.values()), key=lambda one: one.id)
    _all_there(account, wanted, found, answers)
    text = _text(metadata, account, found, None if chosen is None else chosen.text)
    if len(text.encode()) > disk.MAX_BYTES:
        raise ReconcilerError(
            f"{len(found)} campaigns are more than a manifest holds; write a `match` by hand"
        )
    return Generated(str(metadata["name"]), account, text, tuple(found))


# ---------------------------------------------------------------- what is selected


def _read_ids(site: Site, account: str, path: str) -> tuple[str, ...]:
    """An id or ACCOUNT/ID a line; blank lines, and those that begin with #, say nothing."""
    if path == STDIN:
        stream = site.stdin()
        data = b"" if stream is None else stream.read(disk.MAX_BYTES + 1)
    else:
        data = disk.read_file(Path(path), what="the list of ids")
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ReconcilerError(f"{path}: it is not UTF-8; save it anew as UTF-8") from error
    found = dict.fromkeys(_ids(account, path, lines))
    if not found:
        raise ReconcilerError(f"{path}: there is no id in it; write one a line")
    return tuple(found)


def _ids(account: str, path: str, lines: Sequence[str]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if "/" not in text:
            yield text
            continue
        try:
            target = Target.parse(text)
        except ValueError as error:
            raise ReconcilerError(f"{path}:{number}: {error}") from error
        if target.account != account or target.part is not None:
            said = "write one manifest an account, and whole campaigns"
            raise ReconcilerError(f"{path}:{number}: {text} is not a campaign of {account}; {said}")
        yield target.id


def _selector(
    match: Mapping[str, str | Sequence[str]], account: str, project: ProjectFile
) -> Selector:
    """*match* as a manifest has it; `Usage` with all that is wrong with it."""
    head = {"name": "selection", "owner": "o", "reason": "r", "ticket": "t"}
    lines = [*_head(head, account), "    - match:"]
    inner: dict[str, list[str]] = {}
    for key, said in match.items():
        values = [said] if isinstance(said, str) else list(said)
        first, dot, rest = key.partition(".")
        if first in _INSIDE:
            if not dot or not rest:
                raise Usage(f"--match {key}: write {first}.KEY=VALUE")
            inner.setdefault(first, []).append(f"{quoted(rest)}: {_one(key, values)}")
        elif key in _LISTS:
            every = [part.strip() for one in values for part in one.split(",")]
            lines.append(f"        {key}: [{', '.join(map(quoted, every))}]")
        else:
            lines.append(f"        {quoted(key)}: {_one(key, values)}")
    lines += [f"        {key}: {{{', '.join(pairs)}}}" for key, pairs in inner.items()]
    found, problems = manifests.load([("--match", "\n".join(lines).encode())], project)
    wrong = [one for one in problems if one.severity == "error" and one.code != manifests.METADATA]
    if wrong or not found:
        raise Usage("\n".join(_said(one) for one in wrong))
    selector = found[0].absent[0].match
    assert selector is not None
    return selector


def _one(key: str, values: Sequence[str]) -> str:
    if len(values) != 1:
        raise Usage(f"--match {key}: it can be said once")
    return quoted(values[0])


def _all_there(
    account: str, wanted: Sequence[str], found: Sequence[Campaign], answers: Matches
) -> None:
    """An error for ids that the inventory does not have, and where nothing is selected."""
    there = {one.id for one in found}
    missing = [one for one in wanted if one not in there]
    if missing:
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        shown = ", ".join(str(Target(account, one)) for one in missing[:_SHOWN])
        raise ReconcilerError(
            f"the inventory has no {shown}{more}; mend the list, or take the inventory again"
        )
    if not found:
        lacking = answers.lacking.get(0, 0)
        also = f"; {lacking} lack a field that is asked for" if lacking else ""
        raise ReconcilerError(f"nothing is selected: no campaign of {account} is like that{also}")


# ---------------------------------------------------------------- what is written


def _check(
    metadata: Mapping[str, str | None], account: str, project: ProjectFile, taken: set[str]
) -> None:
    """`Usage` with all that `validate` would say of the manifest's head."""
    if metadata["name"] in taken:
        raise Usage(f"--name: a manifest of the project is called {metadata['name']!r} already")
    text = "\n".join([*_head(metadata, account), "    - id: x"])
    _, problems = manifests.load([("", text.encode())], project)
    wrong = [
        _said(one) for one in problems if one.severity == "error" and one.code != manifests.METADATA
    ]
    for key, pattern in missed(metadata, project.accounts[account].guards):
        wanted = "the project requires it" if pattern is None else f"it does not fit {pattern}"
        wrong.append(f"--{key}: {wanted}")
    if wrong:
        raise Usage("\n".join(wrong))


def _said(one: Diagnostic) -> str:
    """What is wrong, in the words of the options."""
    message = one.message.replace("`spec.absent[0].match.", "`")
    return f"{message}{f'; {one.fix}' if one.fix else ''}"


def _head(metadata: Mapping[str, Any], account: str) -> list[str]:
    """A manifest up to its absences."""
    return [
        "apiVersion: reconciler/v1",
        "kind: CampaignAbsence",
        "metadata:",
        *(f"  {key}: {scalar(said)}" for key, said in metadata.items() if said is not None),
        "spec:",
        f"  account: {scalar(account)}",
        "  absent:",
    ]


def _text(
    metadata: Mapping[str, str | None], account: str, found: Sequence[Campaign], like: str | None
) -> str:
    count = f"{len(found)} campaign{'' if len(found) == 1 else 's'}"
    chosen = f": {quoted(like)}" if like is not None else ""
    lines = [
        f"# {count} of {scalar(account)}, selected from the inventory{chosen}",
        *_head(metadata, account),
        *(f"    - id: {scalar(one.id)} # {_noted(one)}" for one in found),
    ]
    return "".join(f"{line}\n" for line in lines)


def _noted(one: Campaign) -> str:
    """A campaign in words, for who reads the manifest."""
    name = one.name if len(one.name) <= _MOST_NAME else f"{one.name[:_MOST_NAME]}…"
    said = [quoted(name)]
    if one.status is not None:
        said.append(one.status.value)
    if one.created_at is not None:
        said.append(f"created {one.created_at:%Y-%m-%d}")
    return ", ".join(said)
