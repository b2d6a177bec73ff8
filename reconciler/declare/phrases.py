"""What pydantic finds, in plain words: what is wrong after the name of a field, and the fix."""

from collections.abc import Sequence

from reconciler.declare.near import near
from reconciler.driver.declared import Mistake

_MOST_SHOWN = 60  # characters of a value that a message quotes

WANTED = {
    "text": "text",
    "string_type": "text",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


def empty(one: Mistake) -> tuple[str, str]:
    """That there is no value, and the fix: what has to be there cannot be left out."""
    if one.loc and isinstance(one.loc[-1], int):
        return "is empty", "give it a value, or take the item out"
    if one.context.get("needed"):
        return "is empty", "give it a value"
    return "is empty", "give it a value, or leave the key out"


def kind_of(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list) else "text"


def cut(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "…"


def choice(value: object, allowed: Sequence[str], *, echo: bool) -> tuple[str, str]:
    shown = f"`{cut(value)}`" if echo and isinstance(value, str) else "this"
    meant = near(value, allowed) if isinstance(value, str) else None
    one_of = f"one of: {', '.join(allowed)}"
    fix = f"did you mean `{meant}`? It is {one_of}" if meant else f"write {one_of}"
    return f"cannot be {shown}", fix


def bound(one: Mistake) -> tuple[str, str]:
    """What is wrong with a value beyond its bound, and the fix."""
    limit, said, fix = BOUNDS[one.kind]
    if one.value in ("", [], {}):
        what = "text" if one.value == "" else "at least one"
        rest = "" if one.context.get("needed") else ", or leave the key out"
        return "is empty", f"write {what}{rest}"
    bound = one.context[limit]
    shown = f"{bound:g}" if isinstance(bound, float) else bound
    return said.format(shown), fix.format(shown)


_SHORT = "min_length", "must be at least {} long", "write {} or more"
_LONG = "max_length", "must be at most {} long", "write {} or less"
BOUNDS: dict[str, tuple[str, str, str]] = {
    "greater_than_equal": ("ge", "must be at least {}", "write {} or more"),
    "greater_than": ("gt", "must be more than {}", "write more than {}"),
    "less_than_equal": ("le", "must be at most {}", "write {} or less"),
    "less_than": ("lt", "must be less than {}", "write less than {}"),
    "too_short": _SHORT,
    "string_too_short": _SHORT,
    "too_long": _LONG,
    "string_too_long": _LONG,
    "string_pattern_mismatch": ("pattern", "does not match {}", "write text of that form"),
}
