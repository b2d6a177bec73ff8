"""What a pull came to: of each account, and in all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from reconciler.errors import Exit
from reconciler.model import AccountFacts
from reconciler.pull.keeping import Portion

Result = Literal["complete", "partial", "incomplete", "failed", "unlistable"]


@dataclass(frozen=True, slots=True)
class AccountPull:
    """What became of one account; *facts* are what the file says of it now."""

    result: Result
    facts: AccountFacts | None
    why: str | None = None
    portion: Portion | None = None
    pages: int = 0

    @property
    def told(self) -> bool:
        """Whether its vendor told something, so that the file changes."""
        return self.portion is not None and self.result != "unlistable"


@dataclass(frozen=True, slots=True)
class InventoryPull:
    """What a pull came to: of each account, and in all.

    *path*: the inventory file, which is as it was unless *written*. *exit_code*: that of the
    command. *interrupted*: it was stopped before anything could be written.
    """

    path: Path
    exit_code: Exit
    accounts: Mapping[str, AccountPull] = field(default_factory=dict)
    interrupted: bool = False

    @property
    def written(self) -> bool:
        """Whether any vendor told something, so that there was a new file to write."""
        return any(one.told for one in self.accounts.values())
