"""JSON as any careful reader would see it; it shares nothing with ours, which it judges."""

import json
from typing import Any


def said(body: bytes) -> Any:
    """The strict JSON value of *body*, or None."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({key for key, _ in pairs}) == len(pairs)
        return dict(pairs)

    def never(text: str) -> Any:
        raise ValueError(text)

    try:
        return json.loads(body.decode(), object_pairs_hook=once, parse_constant=never)
    except (ValueError, AssertionError, RecursionError):
        return None
