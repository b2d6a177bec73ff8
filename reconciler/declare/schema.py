"""The JSON Schemas (draft 2020-12) of every kind of file, made from the models that read them."""

import json
from collections.abc import Iterable
from inspect import cleandoc
from typing import Any

import msgspec
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from reconciler.declare.fields import DAY, DURATION, INSTANT
from reconciler.declare.manifest import Manifest
from reconciler.declare.project import ProjectFile
from reconciler.driver import Driver, as_written
from reconciler.driver.declared import Declared
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
            made = _project(drivers)
        case "manifest":
            made, _ = _written(Manifest)
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


# ---------------------------------------------------------------- what people write


class _AsWritten(GenerateJsonSchema):
    """What is written, not what it becomes: a key is there with a value, or left out."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        made = self.generate_inner(schema["schema"])
        default = as_written(self.get_default_value(schema))
        return {**made, "default": default} if default not in (None, [], {}) else made

    def timedelta_schema(self, schema: core_schema.TimedeltaSchema) -> JsonSchemaValue:
        del schema
        return dict(DURATION)

    def date_schema(self, schema: core_schema.DateSchema) -> JsonSchemaValue:
        del schema
        return dict(DAY)

    def datetime_schema(self, schema: core_schema.DatetimeSchema) -> JsonSchemaValue:
        del schema
        return dict(INSTANT)

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:
        del parent_key
        made: JsonSchemaValue = _renamed(value)
        return made

    def field_title_should_be_set(self, schema: Any) -> bool:
        del schema
        return False


_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}


def _renamed(node: Any) -> Any:
    """With the names that JSON Schema has for bounds, and keys of no known form refused."""
    if isinstance(node, list):
        return [_renamed(one) for one in node]
    if not isinstance(node, dict):
        return node
    numbers = {k for k, v in node.items() if k in _BOUNDS and not isinstance(v, dict)}
    made = {_BOUNDS[k] if k in numbers else k: _renamed(v) for k, v in node.items()}
    return made | {"additionalProperties": False} if "patternProperties" in made else made


def _written(top: type[Declared], *others: type[Declared]) -> tuple[dict[str, Any], dict[str, str]]:
    """The schema of a file that people write, and the references to *others*, by class name."""
    pairs: list[Any] = [(model, "validation") for model in (top, *others)]
    references, whole = models_json_schema(pairs, schema_generator=_AsWritten)
    found = whole["$defs"]
    for one in found.values():
        one.pop("title", None)
        if "description" in one:  # what follows the first paragraph is for those who read code
            one["description"] = " ".join(one["description"].partition("\n\n")[0].split())
    name = references[top, "validation"]["$ref"].rpartition("/")[2]
    made = found.pop(name)
    by_name = {model.__name__: references[model, "validation"]["$ref"] for model in others}
    # Which model pydantic meets first depends on what was built before.
    return {"$defs": dict(sorted(found.items())), **made}, by_name


def _project(drivers: Iterable[Driver]) -> dict[str, Any]:
    """With the settings of each driver where an account names it."""
    known = sorted(drivers, key=lambda one: one.name)
    made, references = _written(ProjectFile, *(one.settings for one in known))
    account = made["$defs"]["Account"]
    by_driver = [
        {
            "if": {"properties": {"driver": {"const": one.name}}, "required": ["driver"]},
            "then": _settings(references[one.settings.__name__], made["$defs"]),
        }
        for one in known
    ]
    if by_driver:
        account["allOf"] = by_driver
    return made


def _settings(reference: str, found: dict[str, Any]) -> dict[str, Any]:
    """What an account must say whose driver has the settings at *reference*."""
    needed = found[reference.rpartition("/")[2]].get("required")
    said: dict[str, Any] = {"properties": {"settings": {"$ref": reference}}}
    return {**said, "required": ["settings"]} if needed else said


# ---------------------------------------------------------------- what programs write


def _struct(kind: type[PlanDocument | ReportDocument]) -> dict[str, Any]:
    (top,), found = _components([kind])
    whole = found.pop(top["$ref"].rpartition("/")[2])
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


def _components(kinds: list[Any]) -> tuple[tuple[dict[str, Any], ...], dict[str, Any]]:
    tops, found = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    for one in found.values():
        if "description" in one:  # interpreters differ in how they keep a docstring's blanks
            one["description"] = cleandoc(one["description"])
    return tops, found
