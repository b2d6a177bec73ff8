"""What to do after `init`: the real next commands."""

import msgspec

from reconciler.api.init.beginning import Beginning

SECRET = "sandbox-secret"  # the sandbox accepts it from everybody, Kore.ai's signed tokens too


class Step(msgspec.Struct, frozen=True):
    """A command, and what it does."""

    command: str
    does: str


def steps(begun: Beginning) -> list[Step]:
    """The commands that lead from a new project to its first apply."""
    return [*_keys(begun), *(_sandbox(begun) if begun.here else _vendor(begun))]


def _keys(begun: Beginning) -> list[Step]:
    if begun.here:
        said = "it takes any key that begins with sandbox-"
        return [Step(f"export {name}={SECRET}", said) for name in begun.variables]
    return [Step(f"export {name}=...", "the secret itself") for name in begun.variables]


def _sandbox(begun: Beginning) -> list[Step]:
    played = f" --vendor {begun.account}={begun.vendor.serves}" if begun.vendor.serves else ""
    return [
        Step(
            f"reconciler sandbox --port {begun.port}{played}", "in another terminal, in this folder"
        ),
        Step("reconciler doctor", "is everything there? It only reads"),
        *_pull(begun, "what exists now"),
        Step("reconciler plan --out plan.json", "what would be deleted; sends nothing"),
        Step(
            "reconciler apply plan.json --dry-run", "every request, secrets masked; sends nothing"
        ),
        _apply(begun),
    ]


def _apply(begun: Beginning) -> Step:
    if begun.driver.list or begun.driver.look or begun.vendor.written is not None:
        return Step("reconciler apply plan.json", "does it; safe to run again, however it ended")
    said = "does it; nobody can look, so you say that nothing was ever sent there"
    return Step("reconciler apply plan.json --first-run", said)


def _vendor(begun: Beginning) -> list[Step]:
    account = begun.account
    found = _pull(begun, "what exists now")
    reads = "reconciler plan"
    if not found:
        reads += f" --inventory export.csv --set account={account}"
    asks = "is everything there? It only reads"
    if begun.examples:
        asks = f"once {', '.join(begun.examples)} are your own: {asks}"
    return [
        Step("reconciler doctor", asks),
        *found,
        Step(reads, "what would be deleted; sends nothing"),
        Step(f"reconciler generate --account {account} --help", "a manifest from a selection"),
    ]


def _pull(begun: Beginning, does: str) -> list[Step]:
    listed = begun.driver.list is not None or begun.vendor.written is not None
    return [Step("reconciler inventory pull", does)] if listed else []
