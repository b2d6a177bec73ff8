"""The JSON Schemas (draft 2020-12) of every kind of file, made from the models that read them."""

import json
from collections.abc import Iterable
from inspect import cleandoc
from typing import Any

import msgspec

from reconciler.declare.as_written import project, written
from reconciler.declare.descriptions import DESCRIPTIONS
from reconciler.declare.manifest import Manifest
from reconciler.driver import Driver
from reconciler.model import API_VERSION, AccountFacts, Campaign, PlanDocument, ReportDocument

DIALECT = "https://json-schema.org/draft/2020-12/schema"
KINDS = ("project", "manifest", "inventory", "plan", "report")

_WHAT = {
    "project": "reconciler.yaml: accounts, guards, waivers and paths.",
    "manifest": "A manifest: campaigns of one account that should no longer exist.",
    "inventory": "A line of an NDJSON inventory (header or campaign), or a JSON inventory whole.",
    "plan": "plan.json: every deletion proposed or refused, with its reason.",
    "report": "What an apply did, target by target.",
}


def schema(kind: str, drivers: Iterable[Driver] = ()) -> dict[str, Any]:
    """The JSON Schema of a *kind* of `KINDS`; a project's settings are those of *drivers*."""
    match kind:
        case "project":
            made = project(drivers)
        case "manifest":
            made, _ = written(Manifest)
        case "inventory":
            made = _inventory()
        case "plan":
            made = _struct(PlanDocument)
        case _:
            made = _struct(ReportDocument)
    made.pop("title", None)
    made.pop("description", None)
    return {"$schema": DIALECT, "title": f"reconciler {kind}", "description": _WHAT[kind], **made}


def dumps(kind: str, drivers: Iterable[Driver] = ()) -> str:
    """The schema as text, the way it is committed."""
    return json.dumps(schema(kind, drivers), indent=2, ensure_ascii=False) + "\n"


# ---------------------------------------------------------------- what programs write


def _struct(kind: type[PlanDocument | ReportDocument]) -> dict[str, Any]:
    (top,), found = _components([kind])
    whole = found.pop(top["$ref"].rpartition("/")[2])
    whole["properties"]["apiVersion"] |= {"const": API_VERSION}
    return {**whole, "$defs": found}


def _inventory() -> dict[str, Any]:
    _, found = _components([Campaign, AccountFacts])
    campaigns = {"type": "array", "items": {"$ref": "#/$defs/Campaign"}}
    header = {
        "description": "Speaks for the lines after it, or for the `campaigns` it holds.",
        "type": "object",
        "properties": {
            "apiVersion": {"const": API_VERSION},
            "kind": {"const": "Inventory"},
            "capturedAt": {"type": "string", "format": "date-time"},
            "accounts": {
                "type": "object",
                "additionalProperties": {"$ref": "#/$defs/AccountFacts"},
            },
            "campaigns": campaigns,
        },
        "required": ["kind"],
    }
    _describe("Header", header)
    choices = [{"$ref": "#/$defs/Header"}, {"$ref": "#/$defs/Campaign"}, campaigns]
    return {"oneOf": choices, "$defs": {"Header": header, **found}}


def _components(kinds: list[Any]) -> tuple[tuple[dict[str, Any], ...], dict[str, Any]]:
    tops, found = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    for name, one in found.items():
        if "description" in one:  # interpreters differ in how they keep a docstring's blanks
            one["description"] = cleandoc(one["description"])
        _describe(name, one)
    return tops, found


def _describe(name: str, one: dict[str, Any]) -> None:
    for key, said in DESCRIPTIONS.get(name, {}).items():
        if key in one.get("properties", {}):
            one["properties"][key] = {"description": said, **one["properties"][key]}
