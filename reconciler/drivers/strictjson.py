"""Vendors' JSON read strictly: what is not plainly JSON is nothing at all, so never a success."""

import json
import re
from collections.abc import Iterator
from math import isfinite
from typing import Any

_DEPTH = 64
_HALF = re.compile("[\ud800-\udfff]")


class NotJson(ValueError):
    """The bytes are not one strict JSON value; the text says why, without quoting them."""


def parse(body: bytes, *, mended: bool = False) -> Any:
    """The JSON value that *body* is: UTF-8 without a mark, each key once, finite, not over-deep.

    *mended*: half a character is U+FFFD instead of a fault, so that one text spoils no listing.
    """
    try:
        text = body.decode("utf-8")
        value = json.loads(
            text, object_pairs_hook=_once, parse_constant=_constant, parse_float=_finite
        )
    except NotJson:
        raise
    except UnicodeDecodeError as error:
        raise NotJson("not UTF-8") from error
    except RecursionError as error:
        raise NotJson("nested too deep") from error
    except ValueError as error:
        raise NotJson("not JSON") from error
    _bounded(value, surrogates="\\u" in text and not mended)
    return _mended(value) if mended and "\\u" in text else value


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, list):
        return [_mended(one) for one in value]
    if isinstance(value, dict):
        return {_HALF.sub("\ufffd", key): _mended(one) for key, one in value.items()}
    return value


def mapping(body: bytes, *, mended: bool = False) -> dict[str, Any] | None:
    """The JSON object that *body* is, or None."""
    try:
        value = parse(body, mended=mended)
    except NotJson:
        return None
    return value if isinstance(value, dict) else None


def words(value: object, otherwise: str = "") -> str:
    """*value* as a foreign text for a detail, on one line.

    It is whole: who shows it takes the secrets out, and cuts it then.
    """
    text = " ".join(value.split()) if isinstance(value, str) else ""
    return text or otherwise


def integer(value: object) -> int | None:
    """*value* if it is a JSON integer (`true` is none), else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotJson("a key twice in one object")
    return found


def _constant(name: str) -> None:
    raise NotJson(f"{name} is not JSON")


def _finite(text: str) -> float:
    if not isfinite(number := float(text)):
        raise NotJson("a number too large")
    return number


def _bounded(value: Any, *, surrogates: bool) -> None:
    """Refuse what is over-deep, and text with half a surrogate pair: nobody could write it down."""
    level: list[Any] = [value]
    for _ in range(_DEPTH):
        if surrogates and any(not _writable(text) for text in _texts(level)):
            raise NotJson("half a surrogate pair")
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    raise NotJson("nested too deep")


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _texts(values: list[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, dict):
            yield from value
        elif isinstance(value, str):
            yield value


def _writable(text: str) -> bool:
    return not any("\ud800" <= c <= "\udfff" for c in text)
