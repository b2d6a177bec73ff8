"""The header of an inventory: when its accounts were captured, and what it knows of them."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from reconciler.inventory.claims import Claim, known_name, ordered
from reconciler.inventory.notes import Notes, closest, like_field
from reconciler.inventory.records import (
    Where,
    WrongValue,
    as_moment,
    as_text,
    as_texts,
    kind,
    short,
)
from reconciler.model import API_VERSION

_KEYS = ("apiVersion", "kind", "capturedAt", "accounts")
_CLAIM = ("complete", "campaigns", "capturedAt", "why", "fields")


def is_header(value: object) -> bool:
    """Whether *value* is a header line: an object that says it is an Inventory."""
    return isinstance(value, dict) and value.get("kind") == "Inventory"


def header(value: Mapping[str, Any], notes: Notes, where: Where, *, text: bool = False) -> None:
    """Hand what a header says to *notes*. *text*: its scalars are all text (YAML)."""
    _Header(notes, where, text=text).read(value)


class _Header:
    def __init__(self, notes: Notes, where: Where, *, text: bool) -> None:
        self._notes = notes
        self._where = where
        self._text = text
        self._line = where("kind")[0]

    def _wrong(self, path: tuple[str, ...], what: str, fix: str | None) -> None:
        line, column = self._where(*path)
        self._notes.error("inventory-header", what, line=line, column=column, fix=fix)

    def read(self, value: Mapping[str, Any]) -> None:
        version = value.get("apiVersion", API_VERSION)
        if version != API_VERSION:
            shown = short(version) if isinstance(version, str) else kind(version)
            fix = f"this version reads {API_VERSION}"
            self._wrong(("apiVersion",), f"apiVersion is `{shown}`", fix)
        for key in value:
            if key not in _KEYS:
                self._notes.unknown_field(key, self._where(key)[0], closest(key, _KEYS))
        captured = self._moment(value, ("capturedAt",), "capturedAt")
        accounts = value.get("accounts")
        if not isinstance(accounts, dict | None):
            said = f"`accounts` is {kind(accounts)}, not an object"
            self._wrong(("accounts",), said, 'write {"name": {}}')
        named = accounts if isinstance(accounts, dict) else {}
        claims = {name: self._claim(name, one) for name, one in named.items()}
        self._notes.header(claims, captured_at=captured, line=self._line)

    def _claim(self, name: str, value: object) -> Claim:
        path = ("accounts", name)
        said = {} if value is None else value
        if not name:
            self._wrong(path, "an account has no name", "name it as the project does")
        elif self._notes.accounts is not None and name not in self._notes.accounts:
            self._foreign(name)
        if not isinstance(said, dict):
            what = f"`accounts.{short(name)}` is {kind(said)}, not an object"
            self._wrong(path, what, 'write {"complete": true}')
            return Claim(self._line)
        for key in said:
            self._known(path, key)
        return Claim(
            self._line,
            complete=self._complete(said, path),
            campaigns=self._campaigns(said, path),
            captured_at=self._moment(said, (*path, "capturedAt"), f"{_shown(path)}.capturedAt"),
            why=self._why(said, path),
            fields=self._fields(said, path),
        )

    def _foreign(self, name: str) -> None:
        like = closest(name, list(self._notes.accounts or ()))
        line, column = self._where("accounts", name)
        self._notes.error(
            "inventory-account",
            f"the project has no account `{name}`, which the header names",
            line=line,
            column=column,
            fix=f"did you mean `{like}`?" if like else "add the account, or leave it out",
        )

    def _known(self, path: tuple[str, ...], key: str) -> None:
        """An unknown key is told; one that is misspelt is an error: it may say `complete`."""
        if key in _CLAIM:
            return
        like = closest(key, _CLAIM)
        if like is not None:
            said = f"`{_shown((*path, key))}` is no key of a header"
            self._wrong((*path, key), said, f"did you mean `{like}`?")
        else:
            self._notes.unknown_field(f"accounts.*.{key}", self._line, None)

    def _complete(self, said: Mapping[str, Any], path: tuple[str, ...]) -> bool | None:
        complete = self._typed(said.get("complete"), {"true": True, "false": False}.get)
        if complete is None or isinstance(complete, bool):
            return complete
        what = f"`{_shown(path)}.complete` is {kind(complete)}, not true or false"
        self._wrong((*path, "complete"), what, "write true or false, without quotes")
        return False

    def _campaigns(self, said: Mapping[str, Any], path: tuple[str, ...]) -> int | None:
        number = self._typed(said.get("campaigns"), _whole)
        if number is None:
            return None
        if isinstance(number, int) and not isinstance(number, bool) and number >= 0:
            return number
        what = f"`{_shown(path)}.campaigns` is {kind(number)}, not a count of records"
        self._wrong((*path, "campaigns"), what, "write how many records follow, without quotes")
        return None

    def _why(self, said: Mapping[str, Any], path: tuple[str, ...]) -> str | None:
        try:
            why = said.get("why")
            return None if why is None else as_text(f"{_shown(path)}.why", why)
        except WrongValue as error:
            self._wrong((*path, "why"), error.what, error.fix)
            return None

    def _fields(self, said: Mapping[str, Any], path: tuple[str, ...]) -> tuple[str, ...] | None:
        if said.get("fields") is None:
            return None
        try:
            names = as_texts(f"{_shown(path)}.fields", said["fields"])
        except WrongValue as error:
            self._wrong((*path, "fields"), error.what, error.fix)
            return None
        for name in names:
            if not known_name(name) and name not in ("account", "id"):
                what = f"`{_shown(path)}.fields` names `{short(name)}`, which is no field"
                self._wrong((*path, "fields"), what, like_field(name))
        return ordered(one for one in names if known_name(one))

    def _moment(
        self, said: Mapping[str, Any], path: tuple[str, ...], shown: str
    ) -> datetime | None:
        value = said.get(path[-1])
        if value is None:
            return None
        try:
            at = as_moment(shown, value)
            if at.tzinfo is None:
                self._notes.zoneless(self._where(*path)[0])
                return at.replace(tzinfo=UTC)
            return at.astimezone(UTC)
        except WrongValue as error:
            self._wrong(path, error.what, error.fix)
        except OverflowError:
            self._wrong(path, f"`{shown}` is no UTC time", "write it in UTC, with Z")
        return None

    def _typed(self, value: object, of_text: Callable[[str], object]) -> object:
        if not (self._text and isinstance(value, str)):
            return value
        typed = of_text(value)
        return value if typed is None else typed


def _shown(path: tuple[str, ...]) -> str:
    return ".".join(map(short, path))


def _whole(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,15}", text) else None
