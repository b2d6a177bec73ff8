"""JSON as any careful reader would see it; it shares nothing with ours, which it judges."""

import json
from typing import Any

_DEEPEST = 500  # whatever depth the interpreter could still read


def said(body: bytes) -> Any:
    """The strict JSON value of *body*, or None."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({key for key, _ in pairs}) == len(pairs)
        return dict(pairs)

    def never(text: str) -> Any:
        raise ValueError(text)

    try:
        value = json.loads(body.decode(), object_pairs_hook=once, parse_constant=never)
    except (ValueError, AssertionError, RecursionError):
        return None
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return value
    return None


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
