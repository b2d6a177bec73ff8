"""Commands that mend an inventory file, or read it as it is; they work as they are written."""

import shlex

from reconciler.declare.encoding import Foreign

_NAMES = {"ndjson": "NDJSON (one record a line)", "json": "a JSON document", "yaml": "YAML"}


def recode(name: str, encoding: str, *, gzip: bool) -> str:
    """How the file *name* becomes UTF-8."""
    change = f"iconv -f {encoding} -t UTF-8"
    if name == "-":
        unpack = "gzip -dc | " if gzip else ""
        return f"save it as UTF-8, or pipe it through: {unpack}{change}"
    if gzip:
        command = f"gzip -dc {shlex.quote(name)} | {change} > {shlex.quote(_new(name))}"
    else:
        command = f"{change} {shlex.quote(name)} > {shlex.quote(_new(name))}"
    return f"save it as UTF-8, or: {command}"


def parted(name: str, delimiter: str) -> str:
    """How the cells of a table that *delimiter* parts are parted by a semicolon."""
    change = f"tr {shlex.quote(delimiter)} ';'"
    return change if name == "-" else f"{change} < {shlex.quote(name)} > {shlex.quote(_new(name))}"


def unpack(name: str, foreign: Foreign) -> str:
    """How to get at what the file *name* holds."""
    if foreign.command is None:
        return foreign.advice or "export it as CSV or JSON"
    file = shlex.quote(name) if name != "-" else ""
    return f"unpack it: {foreign.command.format(file=file, new=shlex.quote(_new(name)))}"


def compact(name: str) -> str:
    """How records over several lines become one a line."""
    if name == "-":
        return "write one record a line: jq -c . does that"
    return f"write one record a line: jq -c . {shlex.quote(name)} > {shlex.quote(_new(name))}"


def reads(format_: str) -> str:
    """What says that a file is in *format_*."""
    return f"read it with --inventory-format {format_}, or in the project file `format: {format_}`"


def named(format_: str) -> str:
    """The format in words."""
    return _NAMES.get(format_, format_.upper())


def _new(name: str) -> str:
    """Another name with the same suffix, beside the file."""
    name = "inventory" if name == "-" else name
    name = name[:-3] if name.lower().endswith(".gz") else name
    folder, slash, last = name.rpartition("/")
    stem, dot, suffix = last.rpartition(".")
    return f"{folder}{slash}{stem}-new.{suffix}" if dot and stem else f"{name}-new"
