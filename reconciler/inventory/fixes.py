"""Commands that mend an inventory file, or read it as it is; they work as they are written."""

import shlex

from reconciler.declare.encoding import Foreign

_NAMES = {"ndjson": "NDJSON (one record a line)", "json": "a JSON document", "yaml": "YAML"}


def recode(name: str, encoding: str, *, gzip: bool) -> str:
    """How the file *name* becomes UTF-8."""
    command, _ = mended(name, encoding, None, gzip=gzip)
    return f"save it as UTF-8, or{' pipe it through' if name == '-' else ''}: {command}"


def parted(name: str, delimiter: str, *, gzip: bool) -> str:
    """How the cells of a table that *delimiter* parts are parted by a tab."""
    return mended(name, None, delimiter, gzip=gzip)[0]


def mended(
    name: str, encoding: str | None, delimiter: str | None, *, gzip: bool
) -> tuple[str, str]:
    """What makes the file *name* UTF-8, and its cells parted by tabs; and the file it writes.

    Of standard input it is what that goes through.
    """
    steps = ["gzip -dc"] if gzip else []
    steps += [f"iconv -f {encoding} -t UTF-8"] if encoding else []
    steps += [f"tr {shlex.quote(delimiter)} '\\t'"] if delimiter else []
    if name == "-":
        return " | ".join(steps), name
    new = _new(name)
    if steps[0].startswith("tr"):
        return f"{steps[0]} < {shlex.quote(name)} > {shlex.quote(new)}", new
    first = f"{steps[0]} {shlex.quote(name)}"
    return f"{' | '.join([first, *steps[1:]])} > {shlex.quote(new)}", new


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
