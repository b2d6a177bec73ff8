"""What is right as it is written, and probably does not mean what its author thought.

A pattern that finds nothing looks like work that is done, and an exception that finds nothing lets
campaigns go: so what reads like another kind of pattern is told, with the way to write that one.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import cache
from typing import Any

from reconciler.declare.entries import Absence, Entry
from reconciler.declare.guards import Protect
from reconciler.declare.quoting import quoted
from reconciler.declare.selector import Selector
from reconciler.driver.declared import Declared, Loc, keys_of

Doubt = tuple[Loc, str, str]
"""Where, what it means as it stands, the way to write what was probably meant."""

_EDGE = re.compile(r"\*.*|.*[^\\]\*", re.DOTALL)  # `*` where a wildcard would stand
_AS_REGEX = re.compile(  # a glob that has what only a regex means something by
    r"\^.*|\.[*+].*|.*[^0-9]\.\*.*|.*\.\+.*|.*\\[dswDSW].*|.*\([^()]*\|[^()]*\).*", re.DOTALL
)
_AS_LIKE = re.compile(r"%[^*?\[]*|[^*?\[]*[^0-9*?\[]%", re.DOTALL)  # as SQL has it
_AS_GLOB = re.compile(r"[^.\[\](){}|+\\^$]*( \*[^.\[\](){}|+\\^$]*|\w\*)", re.DOTALL)
_CHOICE = re.compile(r"\{[^{}]+,[^{}]+\}")  # as shells have it
_BRACKETS = re.compile(r"(?:(?<=[\s*])|^)\[(\w+)\](?=[\s*.]|$)")  # where a word would stand
_NOT_ONE_OF = re.compile(r"\[\^")
_MONTHS = timedelta(minutes=1), timedelta(minutes=36)
_SLASHES = re.compile(r"/(.+)/[a-z]*", re.DOTALL)
_SINGLE = frozenset({type(None), str, int, bool})


def doubts(value: object, loc: Loc = ()) -> Iterator[Doubt]:
    """All of them in *value*, a model that was read; *loc* is where it stands."""
    kind: Any = type(value)
    if (keys := _keys(kind)) is not None:
        if asked := _ASKED.get(kind):
            yield from asked(value, loc)
        for key, name in keys:
            if type(inner := getattr(value, name)) not in _SINGLE:  # most are: not even asked
                yield from doubts(inner, (*loc, key))
        return
    match value:
        case Mapping():
            for key, inner in value.items():
                yield from doubts(inner, (*loc, key))
        case tuple():
            for index, inner in enumerate(value):
                yield from doubts(inner, (*loc, index))


@cache
def _keys(kind: type) -> tuple[tuple[str, str], ...] | None:
    """The keys and fields of a model; None if *kind* is none. To ask it of each value is dear."""
    return tuple(keys_of(kind).items()) if issubclass(kind, Declared) else None


def _entry(entry: Entry | Protect, loc: Loc) -> Iterator[Doubt]:
    name = entry.name
    if name is None:
        return
    if name.endswith("\n"):
        said = "ends with a line end, which is a part of the name"
        yield (*loc, "name"), said, f"write {quoted(name.rstrip(chr(10)))} on one line"
    elif _EDGE.fullmatch(name):
        said = "is a name to the letter, in which `*` stands for itself"
        yield (*loc, "name"), said, f"for a pattern write `match: {{name: {quoted(name)}}}`"


def _selector(match: Selector, loc: Loc) -> Iterator[Doubt]:
    if match.name is not None:
        yield from _glob(match.name, (*loc, "name"))
    if match.name_regex is not None:
        yield from _regex(match.name_regex, (*loc, "nameRegex"))
    for key in ("olderThan", "notUpdatedFor", "newerThan", "updatedWithin"):
        yield from _months(getattr(match, keys_of(Selector)[key]), (*loc, key))
    for key, value in (match.labels or {}).items():
        if _EDGE.fullmatch(value):
            said = "is a label's value to the letter, in which `*` stands for itself"
            yield (*loc, "labels", key), said, "write the whole value; labels have no patterns"


def _months(span: timedelta | None, loc: Loc) -> Iterator[Doubt]:
    if span is None or not _MONTHS[0] <= span <= _MONTHS[1] or span.seconds % 60:
        return
    number = span.seconds // 60
    said = f"is {number} minute{'s' if number > 1 else ''}, and no months"
    yield loc, said, f"for months write days: {30 * number}d"


def _word_in_brackets(text: str) -> re.Match[str] | None:
    """What stands in brackets in *text* and reads as a word, where it is any one character of it.

    Whoever means that writes them in order, or one letter in both cases.
    """
    for found in _BRACKETS.finditer(text):
        letters = found[1].casefold()
        if len(set(letters)) > 1 and list(letters) != sorted(letters) and not letters.isdigit():
            return found
    return None


_ONE_OF = "has brackets, which are any one character of those in them"


def _glob(text: str, loc: Loc) -> Iterator[Doubt]:
    if _AS_REGEX.fullmatch(text):
        said = "is a glob, in which `.` `^` `(` `|` `+` stand for themselves"
        yield loc, said, f"for a regex write `nameRegex: {quoted(text)}`"
    elif _AS_LIKE.fullmatch(text):
        said = "is a glob, in which `%` stands for itself"
        yield loc, said, f"for any text write `*`: {quoted(text.replace('%', '*'))}"
    elif _CHOICE.search(text):
        said = "is a glob, in which `{` `,` `}` stand for themselves"
        yield loc, said, "for a choice write a match for each, or `nameRegex` with `(one|other)`"
    elif _NOT_ONE_OF.search(text):
        said = "is a glob, in which `[^x]` is `^` or `x`"
        yield (
            loc,
            said,
            f"for any character but these write `[!`: {quoted(text.replace('[^', '[!'))}",
        )
    elif (word := _word_in_brackets(text)) is not None:
        right = f"{text[: word.start()]}[[]{text[word.start() + 1 :]}"
        yield loc, _ONE_OF, f"for the brackets themselves write {quoted(right)}"


def _regex(text: str, loc: Loc) -> Iterator[Doubt]:
    if inside := _SLASHES.fullmatch(text):
        said = "is a regex of the whole name, and its slashes are part of it"
        yield loc, said, f"write {quoted(inside[1])}; `(?i)` before it is for any case"
    elif _AS_GLOB.fullmatch(text):
        said = "is a regex, in which `*` repeats the one character before it"
        yield loc, said, f"for a glob write `name: {quoted(text)}`; for any text in a regex, `.*`"
    elif (word := _word_in_brackets(text)) is not None:
        right = rf"{text[: word.start()]}\[{word[1]}\]{text[word.end() :]}"
        yield loc, _ONE_OF, f"for the brackets themselves write {quoted(right)}"


_ASKED: Mapping[type, Callable[[Any, Loc], Iterator[Doubt]]] = {
    Entry: _entry,
    Absence: _entry,
    Protect: _entry,
    Selector: _selector,
}
