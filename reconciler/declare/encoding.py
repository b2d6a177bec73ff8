"""Bytes that should be UTF-8 and are not: which encoding, or which kind of file, they are. Pure."""

import re
from typing import NamedTuple

MARK = b"\xef\xbb\xbf"  # UTF-8's byte order mark; at a file's start it says nothing and is dropped

_BY_MARK = (  # the longer ones first: UTF-32 begins as UTF-16 does
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


class Foreign(NamedTuple):
    """What a file is that is no text: *what*, and the *command* that unpacks it, or *advice*.

    `{file}` and `{new}` in *command* stand for its name and for a new one.
    """

    what: str
    command: str | None = None
    advice: str | None = None


_PACKED = (
    (b"PK\x03\x04", "a ZIP archive, as Excel workbooks (.xlsx) are", None),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", None),
    (b"BZh", "packed with bzip2", "bzip2 -dc {file} > {new}"),
    (b"\xfd7zXZ\x00", "packed with xz", "xz -dc {file} > {new}"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd", "zstd -dc {file} > {new}"),
    (b"%PDF-", "a PDF document", None),
)
_MANY = re.compile(rb"[\x80-\xff]{3}")  # as in words of Cyrillic or Greek
_SEQUENCE = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")  # of UTF-8, though a broken one
_PAGE = re.compile(rb"\s*(?:<!doctype html|<html|<\?xml|<head|<body)", re.IGNORECASE)
_TABLE = "in the program that opens it, save the table as CSV UTF-8"


def utf16(head: bytes) -> str | None:
    """`UTF-16` (with its byte order) or `UTF-32` if a text that begins with *head* is in it."""
    for mark, name in _BY_MARK:
        if head.startswith(mark):
            return name
    if len(head) > 1 and (head[0] == 0) != (head[1] == 0):
        return "UTF-16BE" if head[0] == 0 else "UTF-16LE"
    return None


def foreign(head: bytes) -> Foreign | None:
    """What a file is that begins with *head*, if it is no text that anybody could read as one."""
    for magic, what, command in _PACKED:
        if head.startswith(magic):
            return Foreign(what, command, None if command else _TABLE)
    if _PAGE.match(head):
        advice = "it may be the page of a login: fetch the export again"
        return Foreign("a web page or XML", None, advice)
    return None


def windows_1252(piece: bytes, index: int) -> str | None:
    """The character that the byte at *index* is in Windows-1252, if *piece* looks like that.

    UTF-8 never has a single byte over 0x7f, and few texts in other encodings read as words in
    this one, in which three letters beyond ASCII never follow each other; it is what spreadsheets
    write in Europe and the Americas.
    """
    near = piece[max(0, index - 40) : index + 40]
    try:
        shown = bytes([piece[index]]).decode("cp1252")
        near.decode("cp1252")
    except UnicodeDecodeError:
        return None
    words = not _MANY.search(near) and not _SEQUENCE.match(piece, index)
    return shown if words and shown.isprintable() and not _controls(near) else None


def _controls(piece: bytes) -> bool:
    return any(one < 0x20 and one not in b"\t\r\n" for one in piece)
