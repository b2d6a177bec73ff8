"""The JSON Schemas (draft 2020-12) of every kind of file, made from the models that read them."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from reconciler.declare.fields import WRITTEN, Model
from reconciler.declare.manifest import ManifestModel
from reconciler.declare.project import ProjectModel
from reconciler.model import API_VERSION, AccountFacts, Campaign, Plan, Report

DIALECT = "https://json-schema.org/draft/2020-12/schema"
KINDS = ("project", "manifest", "inventory", "plan", "report")

_WHAT = {
    "project": "reconciler.yaml: accounts, guards, waivers and paths.",
    "manifest": "A manifest: campaigns of one account that should no longer exist.",
    "inventory": "A line of an NDJSON inventory (header or campaign), or a JSON inventory whole.",
    "plan": "plan.json: every deletion proposed or refused, with its reason.",
    "report": "What an apply did, target by target.",
}


def schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of a *kind* of `KINDS`."""
    match kind:
        case "project":
            made = _written(ProjectModel)
        case "manifest":
            made = _written(ManifestModel)
        case "inventory":
            made = _inventory()
        case "plan":
            made = _struct(Plan)
        case _:
            made = _struct(Report)
    made.pop("title", None)
    made.pop("description", None)
    return {"$schema": DIALECT, "title": f"reconciler {kind}", "description": _WHAT[kind], **made}


def dumps(kind: str) -> str:
    """The schema as text, the way it is committed."""
    return json.dumps(schema(kind), indent=2, ensure_ascii=False) + "\n"


def _written(kind: type[Model]) -> dict[str, Any]:
    """The schema of a file that people write: a key is there with a value, or left out."""
    (top,), found = _components([kind])
    for model in _models(Model):
        if (known := found.get(model.__name__)) is not None:
            known |= model.schema_extra
    found = {name.removesuffix("Model"): _tidy(one) for name, one in found.items()}
    whole = found.pop(top["$ref"].rpartition("/")[2].removesuffix("Model"))
    said = json.dumps([found, whole])
    return {"$defs": {name: one for name, one in found.items() if f'/{name}"' in said}, **whole}


def _components(kinds: list[Any]) -> tuple[tuple[dict[str, Any], ...], dict[str, Any]]:
    return msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")


def _models(base: type[Model]) -> Iterator[type[Model]]:
    for one in base.__subclasses__():
        yield one
        yield from _models(one)


def _tidy(node: Any) -> Any:
    """A schema without nulls, empty defaults and titles; what is written, not what it becomes."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    if (written := node.get(WRITTEN)) is not None:
        description = {"description": node["description"]} if "description" in node else {}
        return {**written, **description}
    made: dict[str, Any] = {
        key: {name: _tidy(one) for name, one in value.items()}
        if key == "properties"
        else _tidy(value)
        for key, value in node.items()
        if not (key == "title" and isinstance(value, str))
        and not (key in ("default", "required") and not value)
    }
    if isinstance(reference := made.get("$ref"), str):
        made["$ref"] = reference.removesuffix("Model")
    choices = [one for one in made.get("anyOf", ()) if one != {"type": "null"}]
    if len(choices) == 1:
        del made["anyOf"]
        made = {**choices[0], **made}
    return made


def _struct(kind: type[Plan | Report]) -> dict[str, Any]:
    (top,), found = _components([kind])
    name = top["$ref"].rpartition("/")[2]
    whole = found.pop(name)
    whole["properties"]["apiVersion"] = {"const": API_VERSION}
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
    choices = [{"$ref": "#/$defs/Header"}, {"$ref": "#/$defs/Campaign"}, campaigns]
    return {"oneOf": choices, "$defs": {"Header": header, **found}}
