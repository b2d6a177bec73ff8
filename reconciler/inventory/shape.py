"""What a text is that was taken for another format: JSON, NDJSON, YAML or CSV, by its beginning."""

import re

from reconciler.inventory import fixes
from reconciler.inventory.jsonscan import scan

_YAML = re.compile(r"(?:---\s|- |(?:apiVersion|kind|accounts|campaigns|capturedAt)\s*:)")
_HEAD = 1 << 16  # characters that are looked at


def looks(head: bytes) -> str | None:
    """The format of a text that begins with *head*; None if nobody can tell."""
    text = head[:_HEAD].decode("utf-8", "replace").lstrip()
    found = _of_json(text) if text[:1] in ("{", "[") else _of_text(text)
    return "ndjson" if found == "records" else found


def mistaken(head: bytes, format_: str, name: str) -> tuple[str, str] | None:
    """What the file *name* is that begins with *head* and was read as *format_*, and the fix.

    None if it is that format, or nothing that anybody can tell.
    """
    text = head[:_HEAD].decode("utf-8", "replace").lstrip()
    found = _of_json(text) if text[:1] in ("{", "[") else _of_text(text)
    if found is None or found == format_:
        return None
    if found == "records":
        said = "the records are spread over several lines, and no list holds them"
        return said, fixes.compact(name)
    return is_in(found, format_)


def is_in(format_: str, read_as: str) -> tuple[str, str]:
    """That a file is in *format_* and was *read_as* another, and the fix."""
    return f"this is {fixes.named(format_)}, not {fixes.named(read_as)}", fixes.reads(format_)


def _of_json(text: str) -> str | None:
    if text.startswith("["):
        return "json"
    first = scan(text)
    if ("campaigns",) in first.keys:
        return "json"
    if first.fault is not None and not first.fault.ended:
        return None
    spread = "\n" in text[: first.end].strip() if first.end else _ends_open(text)
    if spread:
        # the keys of a header come first; a document has its records in a list
        return "json" if ("accounts",) in first.keys and not first.end else "records"
    return "ndjson" if first.end else None


def _ends_open(text: str) -> bool:
    """Whether the first line is the beginning of a value that goes on in the next."""
    line, end, _ = text.partition("\n")
    return bool(end) and line.rstrip().endswith(("{", "[", ",", ":"))


def _of_text(text: str) -> str | None:
    line = text.partition("\n")[0].strip("\r")
    if _YAML.match(text):
        return "yaml"
    cells = [cell.strip(' "').casefold() for cell in re.split(r"[,;\t]", line)]
    if len(cells) > 1 or line.casefold().startswith("sep="):
        return "csv"
    return None
