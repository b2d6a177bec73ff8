"""The JSON Schemas of what people write, from the pydantic models that read it."""

from collections.abc import Iterable
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from reconciler.declare.fields import DAY, DURATION, INSTANT
from reconciler.declare.project import ProjectFile
from reconciler.driver import Driver, as_written
from reconciler.driver.declared import Declared


class _AsWritten(GenerateJsonSchema):
    """What is written, not what it becomes: a key is there with a value, or left out."""

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        made = super().str_schema(schema)
        return {**made, "type": ["string", "integer"]}  # digits need no quotes to be text

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


def written(
    top: type[Declared], *others: type[Declared]
) -> tuple[dict[str, Any], dict[type[Declared], str]]:
    """The schema of a file that people write, and the references to *others*."""
    pairs: list[Any] = [(model, "validation") for model in (top, *others)]
    references, whole = models_json_schema(pairs, schema_generator=_AsWritten)
    found = whole["$defs"]
    for one in found.values():
        one.pop("title", None)
        if "description" in one:  # what follows the first paragraph is for those who read code
            one["description"] = " ".join(one["description"].partition("\n\n")[0].split())
    name = references[top, "validation"]["$ref"].rpartition("/")[2]
    made = found.pop(name)
    others_at = {model: references[model, "validation"]["$ref"] for model in others}
    # Which model pydantic meets first depends on what was built before.
    return {"$defs": dict(sorted(found.items())), **made}, others_at


def project(drivers: Iterable[Driver]) -> dict[str, Any]:
    """With the settings of each driver where an account names it."""
    known = sorted(drivers, key=lambda one: one.name)
    made, references = written(ProjectFile, *(one.settings for one in known))
    account = made["$defs"]["Account"]
    by_driver = [
        {
            "if": {"properties": {"driver": {"const": one.name}}, "required": ["driver"]},
            "then": _settings(references[one.settings], made["$defs"]),
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
