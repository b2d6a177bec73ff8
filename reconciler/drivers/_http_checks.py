"""What several settings of the driver `http` together get wrong, each told in its place."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from reconciler.driver import Complaint
from reconciler.drivers import _http_templates as templates
from reconciler.drivers._http_models import Delete, HttpSettings, LookCall
from reconciler.drivers._http_templates import Hole

Raw = Mapping[str, Any]
Loc = tuple[str | int, ...]


class Checked(HttpSettings):
    """`settings` of an account of driver `http`: a vendor, whose parts fit together."""

    @staticmethod
    def cross_check(raw: dict[str, Any]) -> Iterable[Complaint]:
        """What several keys of *raw* together get wrong."""
        yield from _secrets(raw)
        yield from _target(raw)
        yield from _body(raw, "delete")
        yield from _many(raw)
        yield from _answers(raw)
        yield from _lists(raw)
        yield from _look(raw)
        yield from _twice(raw)

    # What follows is asked about every record, so it is found once.

    @cached_property
    def by_name(self) -> bool:
        """Whether a request names its target by name: nothing else of it says which."""
        words = {hole.word for hole in _holes_of(_requests(self.delete.model_dump(by_alias=True)))}
        return (
            "name" in words
            and "id" not in words
            and (self.parts == "phoneNumbers" or "part" not in words)
        )

    @cached_property
    def channel_holes(self) -> tuple[Hole, ...]:
        """The places of the deletion that hold the channel."""
        holes = _holes_of(_requests(self.delete.model_dump(by_alias=True)))
        return tuple(one for one in holes if one.word == "channel")

    @cached_property
    def target_holes(self) -> tuple[tuple[str, str, Hole], ...]:
        """Every place that something of a target goes into: where it stands, its template, it."""
        found: list[tuple[str, str]] = []
        calls: tuple[Delete | LookCall, ...] = (self.delete,)
        for call in calls if self.look is None else (*calls, self.look):
            found.append(("path", call.path))
            found += [("query", text) for text in call.query.values()]
            found += [("header", text) for text in call.headers.values()]
            found += [("body", text) for _, text in templates.every_text(call.body)]
        found += [("body", text) for text in (self.delete.form or {}).values()]
        every = dict.fromkeys(
            (place, text, one) for place, text in found for one in templates.holes(text)
        )
        return tuple(every)


def _map(value: Any) -> Raw:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


_SENT = ("path", "query", "headers", "json", "form")


def _requests(call: Raw) -> Iterator[tuple[Loc, str]]:
    """Every text of a request, and where it stands in it."""
    for key in _SENT:
        yield from (((key, *loc), text) for loc, text in templates.every_text(call.get(key)))


def _holes_of(texts: Iterable[tuple[Loc, str]]) -> list[Hole]:
    return [hole for _, text in texts for hole in templates.holes(text)]


def _every(raw: Raw) -> Iterator[tuple[Loc, str]]:
    """Every template of the settings."""
    for loc, text in templates.every_text(raw.get("headers")):
        yield ("headers", *loc), text
    for key in ("delete", "look"):
        yield from (((key, *loc), text) for loc, text in _requests(_map(raw.get(key))))
    lists = raw.get("list")
    for index, one in enumerate(_list(lists)):
        start: Loc = ("list", index) if isinstance(lists, list) else ("list",)
        yield from (((*start, *loc), text) for loc, text in _requests(_map(one)))
    asked = _map(_map(raw.get("token")).get("request"))
    yield from ((("token", "request", *loc), text) for loc, text in _requests(asked))


def _secrets(raw: Raw) -> Iterator[Complaint]:
    known = [str(one) for one in _map(raw.get("secrets"))]
    signs = _map(raw.get("jwt")).get("secret")
    used = {str(signs)}
    words: set[str] = set()
    for loc, text in _every(raw):
        for hole in templates.holes(text):
            words.add(hole.word)
            if hole.word == "secret":
                used.add(str(hole.secret))
                if hole.secret not in known:
                    yield loc, "names a secret that `secrets` does not have", _named(known)
            if hole.word in ("token", "jwt") and raw.get(hole.word) is None:
                fix = f"describe it under `{hole.word}`, or take the placeholder out"
                yield loc, f"uses ${{{hole.word}}}, and there is none", fix
    if signs is not None and str(signs) not in known:
        yield ("jwt", "secret"), "names a secret that `secrets` does not have", _named(known)
    for name in known:
        if name not in used:
            said = f"the secret `{name}` is used nowhere"
            yield ("secrets", name), said, f"use it as ${{secret.{name}}}, or take it out"
    for word in ("token", "jwt"):
        if raw.get(word) is not None and word not in words:
            said = f"`{word}` is used nowhere"
            yield (word,), said, f"use it as ${{{word}}}, as in Authorization: Bearer ${{{word}}}"


def _named(known: list[str]) -> str:
    return f"there are: {', '.join(known)}" if known else "name it under `secrets`"


def _target(raw: Raw) -> Iterator[Complaint]:
    call = _map(raw.get("delete"))
    if not call:
        return
    words = {hole.word for hole in _holes_of(_requests(call))}
    parts = raw.get("parts")
    if not words & {"id", "name", "part"}:
        said = "does not name its target: this would delete who knows what"
        yield ("delete",), said, "put ${id} into its path, query or body (${name} or ${part})"
    elif parts is not None and "part" not in words:
        said = "does not name the part, and would delete the whole campaign"
        yield ("delete",), said, "put ${part} into it, or leave `parts` out"
    elif parts == "phoneNumbers" and not words & {"id", "name"}:
        said = "names a number, and not the campaign that it is removed from"
        yield ("delete",), said, "put ${name} or ${id} into it, too"
    if parts is None:
        for loc, text in (*_of(raw, "delete"), *_of(raw, "look"), *_rows(raw)):
            if any(hole.word == "part" for hole in templates.holes(text)):
                fix = "say `parts: messageIds` or `parts: phoneNumbers`"
                yield loc, "uses ${part}, and nothing says what a part is", fix


def _of(raw: Raw, key: str) -> Iterator[tuple[Loc, str]]:
    return (((key, *loc), text) for loc, text in _requests(_map(raw.get(key))))


def _rows(raw: Raw) -> Iterator[tuple[Loc, str]]:
    for index, row in enumerate(_list(raw.get("answers"))):
        for loc, text in templates.every_text(_map(row).get("json")):
            yield ("answers", index, "json", *loc), text


def _body(raw: Raw, key: str) -> Iterator[Complaint]:
    call = _map(raw.get(key))
    if call.get("json") is not None and call.get("form") is not None:
        yield (key, "form"), "`json` and `form` are two bodies of one request", "keep one of them"
    asked = _map(_map(raw.get("token")).get("request"))
    if asked.get("json") is not None and asked.get("form") is not None:
        where = ("token", "request", "form")
        yield where, "`json` and `form` are two bodies of one request", "keep one of them"
    if call.get("form") is not None:
        for name in _map(call.get("headers")):
            if str(name).lower() == "content-type":
                yield (key, "headers", name), "a form says itself what it is", "leave it out"


def _many(raw: Raw) -> Iterator[Complaint]:
    call = _map(raw.get("delete"))
    many = call.get("many")
    if not isinstance(many, Mapping):
        return
    where: Loc = ("delete", "many")
    if raw.get("parts") is not None:
        yield where, "several targets a request, and parts", "leave one of them out"
    words = {hole.word for hole in _holes_of(_requests(call))}
    if "name" in words or "channel" in words:
        yield where, "several targets share no ${name} and no ${channel}", "name them by ${id}"
    if any(hole.word == "id" for hole in templates.holes(str(call.get("path", "")))):
        fix = "put ${id} into its query or body"
        yield ("delete", "path"), "a path names one target, and `many` is several", fix
    if many.get("join") is None and not _repeats(call.get("json")):
        said = "nothing repeats for each target"
        yield where, said, 'write a JSON list of one item, as in ids: ["${id}"], or `join`'
    for loc, text in _rows(raw):
        if templates.holes(text) and text != "${absent}":
            yield loc, "compares with one target, and `many` is several", "take it out"


def _repeats(value: Any) -> bool:
    match value:
        case [inner]:
            texts = (text for _, text in templates.every_text(inner))
            return any(hole.word == "id" for text in texts for hole in templates.holes(text))
        case Mapping():
            return any(map(_repeats, value.values()))
    return False


# ---------------------------------------------------------------- answers


def _answers(raw: Raw) -> Iterator[Complaint]:
    rows = [_map(one) for one in _list(raw.get("answers"))]
    if rows and not any(row.get("means") == "deleted" for row in rows):
        said = "in this table nothing can mean deleted"
        fix = "say what the vendor's documented success looks like, as in "
        yield ("answers",), said, fix + "{status: 204, body: empty, means: deleted}"
    for index, row in enumerate(rows):
        yield from _row(("answers", index), row)
        for earlier in rows[:index]:
            if _covers(earlier, row):
                said = "is never reached: an answer like this fits a row before it"
                yield ("answers", index), said, "put it first, or say more of the other's answer"
                break


def _row(where: Loc, row: Raw) -> Iterator[Complaint]:
    means, statuses = row.get("means"), _codes(row.get("status"))
    if means == "deleted":
        if row.get("body") is None and row.get("json") is None:
            said = "calls every body of this status deleted"
            fix = "say `body: empty`, `body: object`, or what its `json` holds"
            yield where, said, fix
        if any(not 200 <= one < 300 for one in statuses):
            said = "calls deleted what is no 2xx"
            yield (*where, "status"), said, "a refusal or a redirect deletes nothing"
    if means == "already-gone" and any(one >= 500 or 300 <= one < 400 for one in statuses):
        said = "calls gone what the vendor did not say"
        yield (*where, "status"), said, "a redirect or a 5xx says nothing about a campaign"
    if means == "already-gone" and any(one == 404 for one in statuses) and row.get("json") is None:
        said = "a 404 is a wrong address, key or version as well"
        yield where, said, "say `means: unconfirmed`, or what its `json` holds"
    if (means == "throttled") != (row.get("wait") is not None):
        if means == "throttled":
            yield where, "does not say how long to wait", "add `wait: 60s`"
        else:
            yield (*where, "wait"), "waits after an answer that is not throttled", "leave it out"
    if row.get("body") == "empty" and (row.get("json") is not None or row.get("detail")):
        yield where, "an empty body holds nothing", "leave `json` and `detail` out, or `body`"


def _codes(value: Any) -> tuple[int, ...]:
    """The statuses of a row as far as they can be read."""
    found: list[int] = []
    for one in _list(value):
        text = str(one)
        if len(text) == 3 and text[0] in "2345":
            hundred = int(text[0]) * 100
            if text[1:] == "xx":
                found += range(hundred, hundred + 100)
            elif text.isascii() and text.isdigit():
                found.append(int(text))
    return tuple(found)


def _covers(earlier: Raw, row: Raw) -> bool:
    """Whether every answer of *row* fits *earlier*."""
    ours, theirs = set(_codes(row.get("status"))), set(_codes(earlier.get("status")))
    if not ours or not ours <= theirs:
        return False
    if earlier.get("body") is not None and earlier.get("body") != row.get("body"):
        return False
    conditions = _map(earlier.get("json"))
    own = _map(row.get("json"))
    return all(own.get(key) == value for key, value in conditions.items())


# ---------------------------------------------------------------- reading


def _lists(raw: Raw) -> Iterator[Complaint]:
    lists = raw.get("list")
    for index, one in enumerate(_list(lists)):
        where: Loc = ("list", index) if isinstance(lists, list) else ("list",)
        given = _map(one)
        fields = _map(given.get("fields"))
        if fields and "id" not in fields:
            said = "lists campaigns without ids: nobody could tell which is which"
            yield (*where, "fields"), said, "say where an item has its id, as in `id: id`"
        yield from _constant(where, given, fields)
        if given.get("next") is not None:
            yield from _next((*where, "next"), _map(given["next"]))


def _constant(where: Loc, given: Raw, fields: Raw) -> Iterator[Complaint]:
    for key in _map(given.get("set")):
        if key in fields:
            said = f"`{key}` is set, and read from each item"
            yield (*where, "set", key), said, "keep one of them"
    if _map(given.get("statuses")) and "status" not in fields:
        said = "translates states that no field reads"
        yield (*where, "statuses"), said, "say where an item has it, as in `status: state`"


def _next(where: Loc, style: Raw) -> Iterator[Complaint]:
    found = [key for key in ("cursor", "link", "offset", "page") if style.get(key) is not None]
    if len(found) != 1:
        said = "does not say where the next page is" if not found else "says it in several ways"
        yield where, said, "write one of `cursor`, `link`, `offset`, `page`"
        return
    (kind,) = found
    if (kind == "cursor") != (style.get("as") is not None):
        said = "carries a cursor in no parameter" if kind == "cursor" else "`as` is of a cursor"
        fix = "add `as: PARAMETER`" if kind == "cursor" else "leave it out"
        yield (*where, "as") if kind != "cursor" else where, said, fix
    if kind in ("offset", "page") and style.get("size") is None:
        said = "does not say how many campaigns a full page has, so no page is known to be the last"
        yield where, said, "add `size: 100`, and ask for as many in the query"
    if kind == "link" and str(style.get("in", "query")) != "query":
        yield (*where, "in"), "a link is a query", "leave it out"


def _look(raw: Raw) -> Iterator[Complaint]:
    how = raw.get("look")
    if not isinstance(how, Mapping):
        return
    words = {hole.word for hole in _holes_of(_requests(how))}
    if not words & {"id", "name", "part"}:
        said = "does not name its target, so what it shows is about nobody"
        yield ("look",), said, "put ${id} into its path or query (${name} or ${part})"
    fields, lists = _map(how.get("fields")), _list(raw.get("list"))
    known = fields or _map(_map(lists[0] if lists else None).get("fields"))
    if "id" not in known:
        said = "has no id to compare: nobody could tell about whom the answer is"
        yield ("look",), said, "say where it has its id, as in `fields: {id: id}`"
    for index, row in enumerate(_list(how.get("missing"))):
        given = _map(row)
        if given.get("json") is None and any(
            200 <= one < 300 for one in _codes(given.get("status"))
        ):
            said = "calls every campaign missing that is shown"
            yield ("look", "missing", index), said, "say what its `json` holds"
        if any(one >= 500 or 300 <= one < 400 or one == 429 for one in _codes(given.get("status"))):
            said = "calls missing what the vendor did not say"
            where: Loc = ("look", "missing", index, "status")
            yield where, said, "a redirect, a 429 or a 5xx says nothing about a campaign"


def _twice(raw: Raw) -> Iterator[Complaint]:
    """One header in two spellings."""
    places: list[tuple[Loc, Any]] = [(("headers",), raw.get("headers"))]
    for key in ("delete", "look"):
        places.append(((key, "headers"), _map(raw.get(key)).get("headers")))
    for where, given in places:
        seen: dict[str, str] = {}
        for name in _map(given):
            first = seen.setdefault(str(name).lower(), str(name))
            if first != name:
                yield (*where, name), f"is the header `{first}` a second time", "keep one of them"
