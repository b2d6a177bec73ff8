"""A value from YAML read as a model: everything that is wrong, in plain words, placed, at once.

The models say what a file may hold (`driver.declared`); here what pydantic found is put into our
words, with its place in the file.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from reconciler.declare.doubts import doubts
from reconciler.declare.near import near
from reconciler.declare.phrases import BOUNDS, WANTED, bound, choice, cut, empty, kind_of
from reconciler.declare.strict import Loc, YamlDocument
from reconciler.driver import Credential, Settings
from reconciler.driver.declared import Declared, Mistake, ReadFrom, keys_of, mistakes
from reconciler.errors import Diagnostic

M = TypeVar("M", bound=Declared)


def validate(
    model: type[M],
    document: YamlDocument,
    path: str,
    *,
    at: Loc = (),
    echo: bool = True,
    read: ReadFrom | None = None,
    quotes: bool = False,
) -> tuple[M | None, list[Diagnostic]]:
    """The value of *document* at *at* as a *model*, or None with every error, placed.

    *read* is what the models are told beside (default: nothing). *quotes*: whether they may ask
    if a scalar was written in quotes (`driver.Plain`); then *at* is the whole document.
    With *echo* false no message quotes a value (settings: it may be a secret in the wrong place);
    credentials are never quoted. Warnings come with a value that is right.
    """
    teller = _Teller(document, path, at, echo=echo)
    try:
        raw = document.as_written() if quotes else document.at(at)
        made = model.model_validate(raw, context=read or ReadFrom())
    except ValidationError as error:
        teller.tell_all(mistakes(error))
        return None, teller.told
    teller.misread(made)
    teller.wonder(made)
    return made, teller.told


# ---------------------------------------------------------------- telling


class _Teller:
    """Collects what is wrong with one value, each thing once, each with its place."""

    def __init__(self, document: YamlDocument, path: str, at: Loc, *, echo: bool) -> None:
        self.told: list[Diagnostic] = []
        self._document = document
        self._path = path
        self._at = at
        self._echo = echo

    def tell_all(self, found: Iterable[Mistake]) -> None:
        """Tell them in the order of the file; what one mistake causes is told once."""
        every = [one._replace(loc=self._there(one)) for one in found]
        meant = {
            (*one.loc[:-1], near(str(one.value), one.context["known"]))
            for one in every
            if one.kind == "unknown-key"
        }
        for one in sorted(every, key=self._order):
            lost = one.kind == "missing" and any(
                one.loc[:end] in meant for end in range(1, len(one.loc) + 1)
            )
            if not lost:
                self._say(one)

    def _there(self, one: Mistake) -> Loc:
        """The place of *one* as far as the file has it: pydantic goes on into what it tried."""
        if one.kind in ("missing", "complaint") or one.loc[-1:] == (_KEY,):
            return one.loc
        value: Any = self._document.at(self._at)
        for count, step in enumerate(one.loc):
            if isinstance(value, dict) and step in value:
                value = value[str(step)]
            elif _is_index(value, step):
                value = value[step]
            else:
                return one.loc[:count]
        return one.loc

    def _order(self, one: Mistake) -> list[int]:
        """Sorts as the file is written: what is missing after what is there, then the rest."""
        value: Any = self._document.at(self._at)
        steps: list[int] = []
        for step in one.loc:
            if isinstance(value, dict):
                keys = list(value)
                steps.append(keys.index(str(step)) if step in value else len(keys))
                value = value.get(str(step))
            else:
                steps.append(step if isinstance(step, int) else 0)
                value = value[step] if _is_index(value, step) else None
        return [*steps, _LAST] if one.kind == "complaint" else steps

    def _say(self, one: Mistake) -> None:
        echo = self._echo and not one.quiet
        loc, context = one.loc, one.context
        match one.kind:
            case "unknown-key":
                self._unknown(loc, context["known"])
            case "missing":
                self._missing(loc, context.get("only"))
            case "complaint" if self._document.has_holes(self._at + loc):
                pass  # what is wrong with the whole may be what the parser refused of it
            case "complaint":
                self._tell(loc, context.get("code", "invalid"), context["said"], context["fix"])
            case "choice":
                self._invalid(loc, *choice(one.value, context["allowed"], echo=echo))
            case "credential" | "pasted":
                self._credential(loc, pasted=one.kind == "pasted")
            case _ if one.value is None:
                said, fix = empty(one)
                self._tell(loc, "empty", f"`{self._name(loc)}` {said}", fix)
            case "value_error":
                self._raised(loc, context["error"], self._see(echo=echo))
            case kind if kind in WANTED:
                wanted = WANTED[kind]
                said = f"must be {wanted}, not {kind_of(one.value)}"
                self._invalid(loc, said, self._instead(loc, wanted, one.value, echo=echo))
            case kind if kind in BOUNDS:
                self._invalid(loc, *bound(one))
            case _:
                self._invalid(loc, "is not right", self._see(echo=echo))

    def _instead(self, loc: Loc, wanted: str, value: object, *, echo: bool) -> str:
        """What to write where *wanted* belongs and *value* stands."""
        match value:
            case str(text) if wanted == "a mapping" and _GLUED.match(text):
                return "put a blank behind the `:`"
            case dict() if wanted == "a list" and _dashed(value):
                return "put a blank behind each `-`"
            case dict() if wanted == "a list" and value:
                return "make it an item of a list: `- ` before it, or `[...]` around it"
            case [str(only)] if echo and wanted == "text":
                return f"write `{cut(only)}`, without brackets"
            case str(text) if echo and loc[-2:-1] in (("absent",), ("keep",)):
                return f"write `id: {cut(text)}` or `name: {cut(text)}`"
            case str(text) if echo and wanted == "a list":
                return f"write `[{cut(text)}]`"
        return f"write {wanted}"

    # ------------------------------------------------------------ one thing

    def _tell(
        self, loc: Loc, code: str, message: str, fix: str | None = None, *, key: bool = False
    ) -> None:
        """Tell it, unless the parser did."""
        full = self._at + loc
        if not self._document.refused(full):
            place = self._document.place(full, key=True) if key else self._document.blame(full)
            self.told.append(Diagnostic("error", code, message, self._path, *place, fix))

    def _invalid(self, loc: Loc, said: str, fix: str) -> None:
        """What *loc* holds is not what the model wants."""
        if loc[-1:] == (_KEY,):
            self._tell(loc[:-1], "invalid", f"`{loc[-2]}` {said}", fix, key=True)
            return
        where = f"`{name}`" if (name := self._name(loc)) else "the document"
        self._tell(loc, "invalid", f"{where} {said}", fix)

    def _name(self, loc: Loc) -> str:
        return _dotted(self._at + loc)

    def _unknown(self, loc: Loc, known: Sequence[str]) -> None:
        key = str(loc[-1])
        meant = near(key, known)
        fix = f"did you mean `{meant}`?" if meant else f"the keys here: {', '.join(known)}"
        self._tell(loc, "unknown-key", f"unknown key `{key}`", fix, key=True)

    def _missing(self, loc: Loc, only: str | None) -> None:
        """A key that must be there, unless it is only lost with what the parser refused."""
        *around, name = loc
        if isinstance(name, int):
            said = "has too few items"
            self._invalid(tuple(around), said, f"write {name + 1} or more")
        elif not self._document.lost_keys(self._at + tuple(around)):
            where = self._name(tuple(around))
            what = "is missing" + (f" in `{where}`" if where else "")
            self._tell(
                tuple(around), "missing", f"`{name}` {what}", f"add `{name}: {only or '...'}`"
            )

    def _credential(self, loc: Loc, *, pasted: bool) -> None:
        """A literal secret, or a source that is none; whatever stands there is never quoted."""
        name = loc[-1] if loc else "this"
        shout = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", str(name)).upper()
        said = "must say where the secret is, and never hold it"
        fix = f"write `{name}: {{env: {shout}}}` or `{name}: {{file: PATH}}`"
        if pasted:
            said = "names what looks like the secret itself, which is not shown here"
            fix += "; replace a secret that others may have seen, give a variable a plainer name"
        self._tell(loc, "credential", f"`{self._name(loc)}` {said}", fix)

    def _raised(self, loc: Loc, error: Exception, see: str) -> None:
        """What a field's or a model's own function says; the fix is behind the last semicolon."""
        wrong, _, way = str(error).rpartition("; ")
        self._invalid(loc, wrong or way, way if wrong else see)

    def _see(self, *, echo: bool) -> str:
        """The fix where nobody knows a better one; the schema says nothing of settings."""
        said = "schema says (`reconciler schema`)" if echo else "driver says (`reconciler drivers`)"
        return f"write what the {said}"

    # ------------------------------------------------------------ what YAML would have read

    def misread(self, value: object) -> None:
        """Warn where a text field holds a plain scalar that YAML itself reads otherwise."""
        for loc, text, place, key in self._document.odd(self._at):
            around = [value]
            for step in loc:
                around.append(_step(around[-1], step))
            if _is_text(around, text, key=key):
                echo = self._echo and not any(isinstance(one, Settings) for one in around)
                self._warn(text, place, loc, echo=echo)

    def _warn(self, text: str, place: tuple[int, int], loc: Loc, *, echo: bool) -> None:
        shown = f" {cut(text)}" if echo else ""
        said = f"is the text{shown} here, but YAML itself reads another value"
        fix = f'write "{cut(text)}"' if echo else "put it in double quotes"
        self._wondered("unquoted", loc, said, place, fix)

    def wonder(self, value: object) -> None:
        """Warn of a pattern that probably does not mean what its author thought."""
        for loc, said, fix in doubts(value):
            if self._document.at(self._at + loc) is None:
                continue  # a default, or what an account has from the project: told where it is
            self._wondered("pattern", loc, said, self._document.blame(self._at + loc), fix)

    def _wondered(self, code: str, loc: Loc, said: str, place: tuple[int, int], fix: str) -> None:
        name = _dotted(self._at + loc)
        message = f"`{name}` {said}"
        self.told.append(Diagnostic("warning", code, message, self._path, *place, fix))


_GLUED = re.compile(r"[A-Za-z][A-Za-z0-9]*:[^/]")


def _dashed(value: dict[str, Any]) -> bool:
    """Whether the keys of a mapping are what is left of a list whose `-` have no blank."""
    return any(key[:1] == "-" and key[1:2].isalpha() for key in value)


_LAST = 10**9  # comes after everything inside
_KEY = "[key]"  # pydantic's last step where a key itself is wrong


def _is_index(value: object, step: object) -> bool:
    return isinstance(value, list) and isinstance(step, int) and step < len(value)


def _dotted(loc: Loc) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc)
    return text.removeprefix(".")


# ---------------------------------------------------------------- which scalars were read as text


def _is_text(around: Sequence[object], text: str, *, key: bool) -> bool:
    """Whether a plain *text* of the file was read as text; *around*: the values that hold it.

    Of keys, only those that users choose (labels, accounts) are text. Credentials are left alone.
    """
    value = around[-1]
    if key:
        return len(around) > 1 and isinstance(around[-2], Mapping)
    if isinstance(value, Declared) and value.shorthand is not None:
        value = getattr(value, keys_of(type(value))[value.shorthand])
    if isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]  # written as a scalar, read as a list of one
    return type(value) is str and value == text


def _step(value: object, step: str | int) -> object:
    """What the checked *value* holds at the file's key or index *step*."""
    match value:
        case Credential():
            return None
        case BaseModel():
            name = keys_of(type(value)).get(str(step))
            return None if name is None else getattr(value, name)
        case Mapping():
            return value.get(step)
        case list() | tuple() if isinstance(step, int) and step < len(value):
            return value[step]
    return None
