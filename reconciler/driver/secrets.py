"""Secrets: text that never shows, and where it comes from."""

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from pydantic import BaseModel, ConfigDict, PrivateAttr, model_validator
from pydantic_core import CoreSchema, PydanticCustomError

from reconciler.errors import ReconcilerError


class Secret:
    """Text that never shows: `str`, `repr` and `format` give `***`.

    Only what sends it, or must know it to mask it, reveals it.
    """

    __slots__ = ("_reveal",)

    def __init__(self, reveal: Callable[[], str]) -> None:
        self._reveal = reveal

    @classmethod
    def of(cls, text: str) -> "Secret":
        """A secret whose text is already known (a token the vendor just gave)."""
        return cls(lambda: text)

    def map(self, change: Callable[[str], str]) -> "Secret":
        """A secret made from this one when it is revealed, never before (a signed token).

        It is made once: a signature may be another each time, and what is sent is what is masked.
        """
        made: dict[str, str] = {}

        def reveal() -> str:
            source = self._reveal()
            if source not in made:
                made.clear()
                made[source] = change(source)
            return made[source]

        return Secret(reveal)

    def reveal(self) -> str:
        """The text itself. A driver never asks for it."""
        return self._reveal()

    def __str__(self) -> str:
        return "***"

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return "***"


Text = str | Secret | tuple[str | Secret, ...]
"""Text with secrets in it: a tuple is joined (`("Bearer ", token)`)."""


def shown(text: Text) -> str:
    """*text* with every secret as `***`."""
    return "".join(map(str, text)) if isinstance(text, tuple) else str(text)


def revealed(text: Text) -> str:
    """*text* with its secrets. A driver never asks for it."""
    parts = text if isinstance(text, tuple) else (text,)
    return "".join(part.reveal() if isinstance(part, Secret) else part for part in parts)


# ---------------------------------------------------------------- where a secret comes from

_ENV = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")


class Credential(BaseModel):
    """Where a secret comes from: `{env: NAME}` or `{file: PATH}`; never the secret itself.

    What sends reads it and puts a `resolved` copy in its place before the first request.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True
    )

    env: str | None = None
    file: str | None = None
    _value: Secret | None = PrivateAttr(default=None)

    @model_validator(mode="before")
    @classmethod
    def _never_the_secret(cls, raw: Any) -> Any:
        """Whatever stands there instead is told without a word of it."""
        if isinstance(raw, dict) and len(raw) == 1:
            ((kind, source),) = raw.items()
            file = kind == "file" and isinstance(source, str) and bool(source)
            if file or (kind == "env" and isinstance(source, str) and _ENV.fullmatch(source)):
                if looks_like_a_key(source):
                    raise PydanticCustomError("pasted", "this looks like the secret itself")
                return raw
        raise PydanticCustomError("credential", "a credential is {{env: NAME}} or {{file: PATH}}")

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: Any) -> dict[str, Any]:
        """Each form by itself, so that an editor sees a literal secret."""
        del core, handler
        no_key = {"not": {"pattern": _LOOKS_LIKE_A_KEY}}
        env = {
            "type": "string",
            "description": "The name of the environment variable.",
            "pattern": f"^{_ENV.pattern}$",
            **no_key,
        }
        file = {
            "type": "string",
            "description": "The path of a file that holds it and nothing else.",
            "minLength": 1,
            "anyOf": [{"pattern": "[/.]"}, no_key],
        }
        return {
            "description": "Where a secret comes from, and never the secret itself.",
            "oneOf": [_only("env", env), _only("file", file)],
        }

    @property
    def source(self) -> str:
        """`env NAME` or `file PATH`: what may be shown, and what an account's digest holds."""
        return f"env {self.env}" if self.env is not None else f"file {self.file}"

    def resolved(self, value: str) -> "Credential":
        """The same credential, knowing its *value*; nothing that shows it tells it."""
        found = self.model_copy()
        found._value = Secret.of(value)
        return found

    def secret(self) -> Secret:
        """The wrapped value; revealing one that was never read is an error of ours."""
        return Secret(self._unread) if self._value is None else self._value

    def _unread(self) -> str:
        raise ReconcilerError(f"the credential from {self.source} was not read")


def _only(key: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {key: schema},
        "required": [key],
        "additionalProperties": False,
    }


# How the keys of widely used vendors begin; none of these begins the name of a variable.
_BEGINNINGS = (
    r"[spr]k_(live|test|prod)|(gh[opsur]|glpat|shp(at|ca|pa|ss)|sq0[a-z]{3}|whsec)_"
    r"|github_pat_|xox[a-z]|AKIA[0-9A-Z]{8}|ASIA[0-9A-Z]{8}|AIza|eyJ|xkeysib|xsmtpsib"
)
_LETTER, _DIGITS = "[A-Za-z]", "[0-9]+"
_MIXED = rf"{_LETTER}{_DIGITS}{_LETTER}+[0-9]|[0-9]{_LETTER}+{_DIGITS}{_LETTER}"
_LOOKS_LIKE_A_KEY = f"^({_BEGINNINGS})|(^|[-_])(?=[A-Za-z0-9]{{16}})[A-Za-z0-9]*({_MIXED})"
_LONG = 24  # letters from which on a word that changes its case all the time is a key
_LONGER = 32  # from which on digits and both cases are enough


def looks_like_a_key(name: str) -> bool:
    """Whether *name*, of a variable or a file, is probably a secret that was pasted there.

    Names are words, perhaps with a number; keys are long and mix letters and digits, or cases.
    """
    if "/" in name:  # a path
        return False
    if re.match(_BEGINNINGS, name):
        return True
    if "." in name:
        return False
    if re.search(_LOOKS_LIKE_A_KEY, name):
        return True
    return any(_random(word) for word in re.split("[-_]", name))


def _random(word: str) -> bool:
    kinds = ["0" if c.isdigit() else "A" if c.isupper() else "a" for c in word]
    changes = [pair for pair in pairwise(kinds) if pair[0] != pair[1]]
    if len(word) >= _LONG and len(changes) * 2 >= len(word):
        return True
    return len(word) >= _LONGER and len(set(kinds)) == 3
