"""What the vendors saw beside what was planned."""

import json
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from reconciler.model import Target


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether exactly the plan happened, and the lines that say so."""

    good: bool
    lines: tuple[str, ...]

    @property
    def verdict(self) -> str:
        return "Exactly the plan happened." if self.good else "NOT what was planned."


def judge(folder: Path, url: str) -> Judgement:
    """The plan and the dry run in *folder* beside the ledger of the sandbox at *url*."""
    told = ledger(url)
    plan = json.loads((folder / "plan.json").read_bytes())
    wanted = {target for action in plan["actions"] for target in targets(action)}
    effects = [effect for request in told["requests"] for effect in request["effect"]]
    planned = json.loads((folder / "dry-run.json").read_bytes())["requests"]
    deletions = [request for request in planned if not request.get("ifNeeded")]
    rest = list(told["requests"])
    missing = [one for one in deletions if not _take(rest, one)]
    foreign = [one for one in rest if one["effect"] or one["method"] == "DELETE"]
    throttled = sum(one["status"] == 429 for one in told["requests"])
    lines = [
        f"{len(wanted)} targets planned, {len(set(effects))} deleted; "
        f"{len(deletions)} requests planned, {len(deletions) - len(missing)} seen; "
        f"{len(foreign)} others that delete; {len(rest)} that read or log in; "
        f"{throttled} throttled"
    ]
    lines += [f"planned, and not deleted: {one!r}" for one in sorted(wanted - set(effects))]
    lines += [f"deleted, and not planned: {one!r}" for one in sorted(set(effects) - wanted)]
    good = not missing and not foreign and sorted(effects) == sorted(wanted)
    return Judgement(good, tuple(lines))


def targets(action: Mapping[str, Any]) -> Iterator[str]:
    """The targets that *action* of a plan deletes, as they are written everywhere."""
    if action["action"] == "delete":
        for part in action["parts"] or [None]:
            yield str(Target(action["account"], action["id"], part))


def ledger(url: str) -> Any:
    """Every request the sandbox saw, and what is left; no proxy stands in between."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{url}/__ledger", timeout=10) as answer:
        return json.load(answer)


def _take(seen: list[Mapping[str, Any]], planned: Mapping[str, Any]) -> bool:
    """Remove from *seen* the one request that is *planned*; False if there is none."""
    url = urlsplit(planned["url"])
    for index, one in enumerate(seen):
        if (
            one["method"] == planned["method"]
            and _same_path(unquote(url.path), one["path"])
            and dict(parse_qsl(url.query, keep_blank_values=True)) == one["query"]
            and planned["body"] == one["body"]
        ):
            del seen[index]
            return True
    return False


def _same_path(masked: str, path: str) -> bool:
    """Equal but for what the dry run masks."""
    mine, theirs = masked.split("/"), unquote(path).split("/")
    return len(mine) == len(theirs) and all(
        a in ("***", b) for a, b in zip(mine, theirs, strict=True)
    )
