"""Writes an inventory and a project of any size, the same bytes each time.

    python benchmarks/generate.py OUT --records 1000000 --ids 10000 --globs 1000 --regexes 100

OUT receives `reconciler.yaml`, `inventory.ndjson` and `manifests/`. Nine in ten patterns are
anchored at the start (`--anchored 90`); patterns match next to nothing, so that the actions are
about as many as the ids.
"""

import argparse
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

CAPTURED = "2026-11-20T08:00:00Z"
SEASONS = (
    "Diwali",
    "Winter",
    "Summer",
    "Easter",
    "Ramadan",
    "Loyalty",
    "Birthday",
    "Onboarding",
    "Churn",
    "Flash",
)
KINDS = ("teaser", "reminder", "launch", "refill", "survey", "voucher", "digest", "renewal")
TEAMS = ("growth", "crm", "lifecycle", "retention", "partners")


class Account(NamedTuple):
    """An account of the project, and what its records look like."""

    name: str
    driver: str
    settings: str
    channel: str
    id: Callable[[int, random.Random], str]


ACCOUNTS = (
    Account(
        "push-prod",
        "batch-cep",
        "{project: project_bench, restApiKey: {env: BENCH_KEY}}",
        "push",
        lambda _, dice: f"orchestration_{dice.getrandbits(128):026x}"[:40],
    ),
    Account(
        "web-prod",
        "batch-mep",
        "{apiKey: {env: BENCH_KEY}, restApiKey: {env: BENCH_KEY}}",
        "webpush",
        lambda _, dice: f"{dice.getrandbits(128):032x}",
    ),
    Account(
        "kore-in",
        "kore",
        "{host: platform.kore.example, streamId: st-1, accountId: a-1, "
        "clientId: cs-1, clientSecret: {env: BENCH_KEY}}",
        "sms",
        lambda _, dice: f"cmp-{dice.getrandbits(96):024x}",
    ),
    Account(
        "kore-us",
        "kore",
        "{host: us.kore.example, streamId: st-2, accountId: a-2, "
        "clientId: cs-2, clientSecret: {env: BENCH_KEY}}",
        "voice",
        lambda _, dice: f"cmp-{dice.getrandbits(96):024x}",
    ),
    Account(
        "sms-au",
        "cellcast",
        "{apiKey: {env: BENCH_KEY}}",
        "sms",
        lambda number, dice: f"{number:09d}{dice.getrandbits(64):016x}",
    ),
)


def name(number: int, dice: random.Random) -> str:
    """A campaign's name."""
    year = 2019 + dice.randrange(8)
    return f"{dice.choice(SEASONS)} {dice.choice(KINDS)} {year} {dice.choice(TEAMS)} {number}"


def records(size: int) -> Iterator[tuple[Account, str, str]]:
    """(account, id, line of the inventory) of each record; the accounts take turns."""
    dice = random.Random(20261120)
    for number in range(size):
        account = ACCOUNTS[number % len(ACCOUNTS)]
        id_ = account.id(number, dice)
        called = name(number, dice)
        line = (
            f'{{"account":"{account.name}","id":"{id_}","name":"{called}",'
            f'"status":"{dice.choice(("draft", "stopped", "completed"))}",'
            f'"channel":"{account.channel}",'
            f'"createdAt":"202{dice.randrange(6)}-{dice.randrange(1, 13):02d}-'
            f'{dice.randrange(1, 29):02d}T09:{dice.randrange(60):02d}:00Z",'
            f'"updatedAt":"2026-{dice.randrange(1, 11):02d}-{dice.randrange(1, 29):02d}T10:00:00Z",'
            f'"labels":{{"team":"{dice.choice(TEAMS)}"}}}}\n'
        )
        yield account, id_, line


def globs(count: int, anchored: int) -> list[str]:
    """Globs over names; *anchored* of a hundred begin with text. They match no record."""
    dice = random.Random(1)
    return [
        f"{dice.choice(SEASONS)} {dice.choice(KINDS)} {2019 + dice.randrange(8)} no{number} *"
        if number % 100 < anchored
        else f"*{dice.choice(KINDS)}*no{number}*"
        for number in range(count)
    ]


def regexes(count: int, anchored: int) -> list[str]:
    """The same as regexes."""
    dice = random.Random(2)
    return [
        f"{dice.choice(SEASONS)} (teaser|launch) 20[0-9]+ re{number} .*"
        if number % 100 < anchored
        else f".*(voucher|digest) .*re{number}.*"
        for number in range(count)
    ]


def manifest(account: Account, entries: list[str]) -> str:
    """A manifest of *account* with *entries*, each a line of YAML."""
    head = (
        "apiVersion: reconciler/v1\nkind: CampaignAbsence\n"
        f"metadata: {{name: bench-{account.name}, owner: bench, reason: Bench, ticket: CHG-1}}\n"
        f"spec:\n  account: {account.name}\n  absent:\n"
    )
    return head + "".join(f"    - {entry}\n" for entry in entries)


def project() -> str:
    """The project file: limits wide enough that every deletion is planned."""
    head = (
        "apiVersion: reconciler/v1\nkind: Project\nmetadata: {name: bench}\nspec:\n"
        "  guards: {maxDeletions: {count: 1000000}, inventoryMaxAge: 36500d}\n  accounts:\n"
    )
    return head + "".join(
        f"    {one.name}: {{driver: {one.driver}, settings: {one.settings}, inventory: complete}}\n"
        for one in ACCOUNTS
    )


def write(out: Path, arguments: argparse.Namespace) -> None:
    """Everything into the folder *out*."""
    size = arguments.records
    (out / "manifests").mkdir(parents=True, exist_ok=True)
    every = max(1, size // max(1, arguments.ids))
    entries: dict[str, list[str]] = {one.name: [] for one in ACCOUNTS}
    taken = 0
    share = {one.name: len(range(i, size, len(ACCOUNTS))) for i, one in enumerate(ACCOUNTS)}
    claims = ",".join(
        f'"{account}":{{"complete":true,"campaigns":{count},"capturedAt":"{CAPTURED}"}}'
        for account, count in share.items()
    )
    with (out / "inventory.ndjson").open("w", encoding="utf-8") as file:
        file.write(
            '{"apiVersion":"reconciler/v1","kind":"Inventory",'
            f'"capturedAt":"{CAPTURED}","accounts":{{{claims}}}}}\n'
        )
        for number, (account, id_, line) in enumerate(records(size)):
            file.write(line)
            # a step of its own for each round of the accounts, so that all of them get ids
            if taken < arguments.ids and (number + number // len(ACCOUNTS)) % every == 0:
                entries[account.name].append(f'id: "{id_}"')
                taken += 1
    patterns = [f'match: {{name: "{glob}"}}' for glob in globs(arguments.globs, arguments.anchored)]
    patterns += [
        f"match: {{nameRegex: '{regex}'}}"
        for regex in regexes(arguments.regexes, arguments.anchored)
    ]
    for number, pattern in enumerate(patterns):
        entries[ACCOUNTS[number % len(ACCOUNTS)].name].append(pattern)
    for one in ACCOUNTS:
        path = out / "manifests" / f"{one.name}.yaml"
        if entries[one.name]:
            path.write_text(manifest(one, entries[one.name]), encoding="utf-8")
        else:
            path.unlink(missing_ok=True)
    (out / "reconciler.yaml").write_text(project(), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--ids", type=int, default=10_000)
    parser.add_argument("--globs", type=int, default=1_000)
    parser.add_argument("--regexes", type=int, default=100)
    parser.add_argument("--anchored", type=int, default=90, help="patterns of a hundred")
    arguments = parser.parse_args()
    write(arguments.out, arguments)


if __name__ == "__main__":
    main()
