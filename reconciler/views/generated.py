"""What `generate` selected."""

import json
from typing import Protocol

from reconciler.model import Campaign, Target
from reconciler.safe import printable_json, terminal


class _Generated(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def account(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def campaigns(self) -> tuple[Campaign, ...]: ...


def as_json(found: _Generated) -> str:
    """The selection and the manifest, for programs."""
    value = {
        "kind": "Generated",
        "name": found.name,
        "account": found.account,
        "campaigns": [str(Target(one.account, one.id)) for one in found.campaigns],
        "manifest": found.text,
    }
    return printable_json(json.dumps(value, indent=2))


def written(found: _Generated, path: str) -> str:
    """That it lies at *path* now, and what comes next."""
    count = len(found.campaigns)
    some = f"{count} campaign{'' if count == 1 else 's'}"
    return f"{terminal(path)}: {some} of {terminal(found.account)}. Next: reconciler plan"
