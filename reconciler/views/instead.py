"""The command that would read an inventory which was refused, from the one that was given."""

import shlex
from collections.abc import Iterator, Sequence
from itertools import islice, product

from reconciler.errors import Instead, ReadAs

_MOST = 4
_FIELDS = ("--map", "--set")
_TAKES = ("-C", "--config", "--color", "--log-format")  # before the command, with a value


def text(arguments: Sequence[str], found: Sequence[Instead]) -> str:
    """What to run in place of *arguments* so that all files *found* are read; empty if nothing is.

    Where only a person knows what is meant, a command for each thing that it may be.
    """
    if not found:
        return ""
    commands = list(islice(_commands(arguments, found), _MOST))
    if not commands:
        return ""
    said = "This reads it as it is:" if len(commands) == 1 else "One of these reads it as it is:"
    lines = [said]
    for means, command in commands:
        lines += [f"  if {means}:"] if means else []
        lines.append(f"    {command}")
    return "\n".join(lines)


def _commands(arguments: Sequence[str], found: Sequence[Instead]) -> Iterator[tuple[str, str]]:
    for ways in product(*(one.ways for one in found)):
        options = _together(ways)
        if options is None:
            continue  # files that want different things
        folder, rest = _without_folder(list(arguments))
        for one in found:
            rest = [_renamed(word, one) for word in rest]
        steps = [f"cd {shlex.quote(folder)}"] if folder else []
        pipes = [f"{one.prepare} | " for one in found if one.prepare and one.new == "-"]
        for one in found:
            if one.prepare and one.new != "-":
                steps.append(one.prepare)
                # the project goes on naming the file
                steps += [shlex.join(["mv", one.new, one.path])] if one.ours else []
        words = _with(rest, options)
        steps.append("".join(pipes) + shlex.join(["reconciler", *words]))
        means = "; ".join(dict.fromkeys(way.means for way in ways if way.means))
        yield means, " && ".join(steps)


def _together(ways: Sequence[ReadAs]) -> list[tuple[str, str]] | None:
    """The options of all; None where two want different things of one option."""
    said: dict[str, str] = {}
    for option, value in (pair for way in ways for pair in way.options):
        key = _key(option, value)
        if said.setdefault(key, value) != value:
            return None
    return list(dict.fromkeys(pair for way in ways for pair in way.options))


def _key(option: str, value: str) -> str:
    return f"{option} {value.partition('=')[0]}" if option in _FIELDS else option


def _without_folder(arguments: list[str]) -> tuple[str, list[str]]:
    """The folder of `-C`, and the arguments without it."""
    at = 0
    while at < len(arguments) and arguments[at].startswith("-"):
        word = arguments[at]
        if word == "-C":
            return arguments[at + 1], arguments[:at] + arguments[at + 2 :]
        if word.startswith("-C"):
            return word[2:], arguments[:at] + arguments[at + 1 :]
        at += 2 if word in _TAKES else 1
    return "", arguments


def _renamed(word: str, one: Instead) -> str:
    if word == one.path:
        return one.new
    return f"--inventory={one.new}" if word == f"--inventory={one.path}" else word


def _with(arguments: list[str], options: Sequence[tuple[str, str]]) -> list[str]:
    """*arguments* with *options*, in place of what they said of the same."""
    keys = {_key(option, value) for option, value in options}
    kept: list[str] = []
    at = 0
    while at < len(arguments):
        name, equals, value = arguments[at].partition("=")
        size = 1
        if not equals and name.startswith("--") and at + 1 < len(arguments):
            value, size = arguments[at + 1], 2
        if name.startswith("--") and _key(name, value) in keys:
            at += size
            continue
        kept.append(arguments[at])
        at += 1
    return kept + [word for pair in options for word in pair]
