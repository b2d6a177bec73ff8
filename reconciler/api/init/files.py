"""The text of a first project's files."""

import json
import re
from datetime import datetime

from reconciler.api.init.assets import text
from reconciler.api.init.beginning import Beginning
from reconciler.declare.quoting import scalar

_COLUMN = 34  # where the comments of the project file begin


def project(begun: Beginning, *, look: bool = False, scope: bool = False) -> str:
    """The project file. *look*: each target is looked at before its request.

    *scope*: the account says whose campaigns its are, as only its key would otherwise.
    """
    return (
        text("project.yaml")
        .replace("@account@\n", account(begun, look=look, scope=scope))
        .replace("@name@", begun.account)
        .replace("@id@", scalar(begun.vendor.ids[0]))
    )


def manifest(begun: Beginning) -> str:
    """A manifest that means campaigns of the sandbox, or none of the vendor's."""
    glob = "Spring sale *" if begun.here else "Example campaign *"
    return (
        text("manifest.yaml")
        .replace("@name@", begun.account)
        .replace("@glob@", glob)
        .replace("@pad@", " " * (18 - len(glob)))
        .replace("@id@", scalar(begun.vendor.ids[0]))
    )


def inventory(begun: Beginning, now: datetime) -> str:
    """The campaigns that the sandbox holds, seen *now*."""
    at = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    names = ("Spring sale teaser", "Spring sale last call", "Welcome")
    header = {
        "apiVersion": "reconciler/v1",
        "kind": "Inventory",
        "capturedAt": at,
        "accounts": {begun.account: {"campaigns": len(names)}},
    }
    records = [
        {
            "account": begun.account,
            "id": id_,
            "name": name,
            **begun.vendor.record,
            "createdAt": f"2025-03-0{number}T09:00:00Z",
        }
        for number, (id_, name) in enumerate(zip(begun.vendor.ids, names, strict=True), 1)
    ]
    return "".join(json.dumps(one, separators=(",", ":")) + "\n" for one in (header, *records))


def account(begun: Beginning, *, look: bool = False, scope: bool = False) -> str:
    """The account, as it stands under `accounts:`."""
    driver = begun.driver
    lines = [
        _noted(f"    {begun.account}:", "manifests name this account by this name"),
        _noted(f"      driver: {scalar(driver.name)}", driver.title),
        *_settings(begun),
    ]
    if begun.here:
        url = f"http://127.0.0.1:{begun.port}/{begun.vendor.sandbox}"
        said = "the sandbox; its vendor's in its place" if driver.anywhere else _WITHOUT
        lines.append(_noted(f"      baseUrl: {url}", said))
        if begun.vendor.pace is not None:
            said = f"for the sandbox alone; without this line, {driver.name}'s own"
            lines.append(_noted(f"      limits: {begun.vendor.pace}", said))
    elif driver.anywhere:
        lines.append(_noted("      baseUrl: https://crm.acme.example", "where it is"))
    if scope:
        said = "whose campaigns these are; so the key may be rotated"
        lines.append(_noted(f"      scope: {begun.account}", said))
    if look and (driver.list or driver.look):
        said = "CI brings the journal from a cache, which may be an old one"
        lines.append(_noted("      before: look", said))
    return "".join(f"{one}\n" for one in lines)


_WITHOUT = "the sandbox; without this line, the vendor"


def _settings(begun: Beginning) -> list[str]:
    if begun.vendor.written is not None:
        return ["      settings:", *_written(begun)]
    rows = [(key, _setting(begun, key, one)) for key, one in begun.settings.items()]
    rows += [(key, _source(one)) for key, one in begun.credentials.items()]
    if not rows:
        return []
    secret = next(iter(begun.credentials), None)
    said = dict.fromkeys(begun.examples, "an example: is it yours?")
    if secret is not None:
        said[secret] = "or {file: PATH}; a secret never stands here"
    return [
        "      settings:",
        *(_noted(f"        {key}: {one}", said.get(key, "")) for key, one in rows),
    ]


def _written(begun: Beginning) -> list[str]:
    """The settings of a driver that is nothing but settings."""
    found = text(begun.vendor.written or "")
    for key, source in begun.credentials.items():
        found = found.replace(f"@{key}@", _source(source))
    return [f"        {line}" for line in found.splitlines()]


def _setting(begun: Beginning, key: str, said: str) -> str:
    """A setting that may be a number or a list is written as it was said."""
    if key in begun.vendor.settings or not re.fullmatch(r"[\w.-]+|\[[\w., -]*\]", said, re.ASCII):
        return scalar(said)
    return said


def _source(said: str) -> str:
    kind, _, name = said.partition(":")
    return f"{{{kind}: {scalar(name)}}}"


def _noted(line: str, said: str) -> str:
    """*line* with a comment, in its column where there is room."""
    return f"{line.ljust(_COLUMN - 1)} # {said}" if said else line
