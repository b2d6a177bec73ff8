"""A model's schema, changed so that each scalar is read from text by our rules.

pydantic's own take `1_000`, `yes` and seconds since 1970; where a word is one of several, they do
not say which; of a union they tell the trouble of every form.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from reconciler.driver import scalars

_READS = {
    "int": scalars.whole,
    "float": scalars.decimal,
    "bool": scalars.flag,
    "date": scalars.day,
    "datetime": scalars.instant,
    "timedelta": scalars.duration,
}
_INSIDE = (
    *("schema", "items_schema", "keys_schema", "values_schema", "choices"),
    *("python_schema", "lax_schema", "steps"),
)


def rule_fields(schema: Any, handler: GetCoreSchemaHandler) -> None:
    """Let a model's scalars be read by our rules; the models inside do it themselves."""
    while schema["type"] != "model-fields":  # `model`, and the validators around it
        schema = schema["schema"]
    for field in schema["fields"].values():
        field["schema"] = _ruled(field["schema"], handler)


def _ruled(schema: Any, handler: GetCoreSchemaHandler) -> Any:
    if isinstance(schema, list):
        return [_ruled(one, handler) for one in schema]
    if isinstance(schema, tuple):  # a choice with its label
        return (_ruled(schema[0], handler), *schema[1:])
    kind = schema["type"]
    if kind in _READS:
        return scalars.read_by(_READS[kind], schema)
    if kind == "literal":
        return _choice({_as_text(one): one for one in schema["expected"]}, schema)
    if (members := _members(schema, handler)) is not None:
        return _choice({_as_text(one.value): one for one in members}, schema)
    if kind == "model" or schema.get("metadata", {}).get("reconciler_reads"):
        return schema
    if kind == "union":
        schema |= {"custom_error_type": "union", "custom_error_message": "none of its forms"}
    return schema | {
        key: _ruled(schema[key], handler)
        for key in _INSIDE
        if isinstance(schema.get(key), dict | list)
    }


def _members(schema: Any, handler: GetCoreSchemaHandler) -> Sequence[Any] | None:
    """The members of an enum."""
    if schema["type"] == "definition-ref":
        try:
            schema = handler.resolve_ref_schema(schema)
        except LookupError:  # a model that is being made
            return None
    return schema["members"] if schema["type"] == "enum" else None


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _choice(allowed: Mapping[str, Any], schema: CoreSchema) -> CoreSchema:
    def choose(raw: Any) -> Any:
        if isinstance(raw, str) and raw in allowed:
            return allowed[raw]
        if raw in allowed.values():
            return raw
        raise PydanticCustomError("choice", "not one of them", {"allowed": tuple(allowed)})

    return core_schema.no_info_before_validator_function(choose, schema)
