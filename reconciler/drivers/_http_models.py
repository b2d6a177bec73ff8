"""The settings of the driver `http`: a vendor, written down."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, WrapValidator

from reconciler.driver import Credential, Settings
from reconciler.driver.declared import mistakes, several
from reconciler.drivers import _http_templates as templates
from reconciler.drivers import _http_types as types
from reconciler.drivers import ids
from reconciler.drivers._http_types import HeaderName, Json, Key, Name, Statuses, Values
from reconciler.model import Status

Means = Literal[
    "deleted",
    "already-gone",
    "unconfirmed",
    "refused",
    "throttled",
    "unauthorised",
    "in-doubt",
]
RecordField = Literal["id", "name", "status", "channel", "createdAt", "updatedAt", "labels"]
_QUERY = "parameters of the query"
_HEADERS = "headers beside the account's"
_JSON = "a JSON body"


# The parts of a request about one target, and what an answer must say.
CallPath = Annotated[str, types.path(templates.PATH), Field(description="from the base URL on")]
CallQuery = Annotated[
    dict[str, Annotated[str, types.text(templates.QUERY)]], Field(description=_QUERY)
]
CallHeaders = Annotated[
    dict[HeaderName, Annotated[str, types.header(templates.HEADER)]], Field(description=_HEADERS)
]
CallBody = Annotated[
    Any, types.json_template(templates.BODY), Json, Field(alias="json", description=_JSON)
]
Said = Annotated[
    dict[Key, Annotated[Any, types.json_template(templates.ANSWER), Json]] | None,
    Field(alias="json", description="what a JSON body must hold, by its keys", min_length=1),
]


class Many(Settings):
    """Several targets in one request."""

    max: Annotated[int, Field(description="targets a request at most", ge=2, le=10_000)]
    join: Annotated[
        str | None,
        Field(description="joins the ids of one text; without it a JSON list repeats its item"),
    ] = None


class Delete(Settings):
    """The request that deletes a target."""

    method: Annotated[
        Literal["DELETE", "POST", "PUT", "PATCH"], Field(description="the HTTP method")
    ] = "DELETE"
    path: CallPath
    query: CallQuery = {}
    headers: CallHeaders = {}
    body: CallBody = None
    form: Annotated[
        dict[str, Annotated[str, types.text(templates.FORM)]] | None,
        Field(description="a form in place of JSON"),
    ] = None
    many: Annotated[Many | None, Field(description="several targets in one request")] = None


class AnswerRow(Settings):
    """What one kind of answer means."""

    status: Annotated[Statuses, Field(description="204, a list, or 2xx")]
    body: Annotated[
        Literal["empty", "object"] | None,
        Field(description="empty, or object: any JSON object that speaks of no failure"),
    ] = None
    said: Said = None
    means: Annotated[Means, Field(description="what it means")]
    detail: Annotated[Key | None, Field(description="where the vendor's sentence is")] = None
    wait: Annotated[types.Wait | None, Field(description="how long a throttled account waits")] = (
        None
    )


class MissingRow(Settings):
    """An answer to a look that says there is no such campaign."""

    status: Annotated[Statuses, Field(description="404, a list")]
    said: Said = None


class Next(Settings):
    """Where the next page is: one of `cursor`, `link`, `offset`, `page`."""

    cursor: Annotated[Key | None, Field(description="where an answer has the next cursor")] = None
    sent_as: Annotated[
        str | None, Field(alias="as", description="the parameter that carries the cursor")
    ] = None
    link: Annotated[
        Key | None,
        Field(description="where an answer has the next address; only its query is used"),
    ] = None
    offset: Annotated[str | None, Field(description="the parameter that carries the offset")] = None
    page: Annotated[str | None, Field(description="the parameter that carries the number")] = None
    first: Annotated[int, Field(alias="from", description="the first page's number", ge=0)] = 1
    size: Annotated[
        int | None, Field(description="campaigns on a full page (offset, page)", ge=1, le=100_000)
    ] = None
    inside: Annotated[
        Literal["query", "json"], Field(alias="in", description="where the parameter goes")
    ] = "query"


class _Reading(Settings):
    """What `list` and `look` share."""

    method: Annotated[Literal["GET", "POST"], Field(description="the HTTP method")] = "GET"
    statuses: Annotated[
        dict[str, Status], Field(description="the vendor's states -> those of an inventory")
    ] = {}
    gone: Annotated[
        dict[Key, Values], Field(description="what a campaign holds that is shown, and gone")
    ] = {}
    attributes: Annotated[
        tuple[str, ...], Field(description="keys of an item that a record keeps as they are")
    ] = ()


class List(_Reading):
    """The requests that list every campaign."""

    path: Annotated[
        str, types.path(templates.EVERY_PATH), Field(description="from the base URL on")
    ]
    query: Annotated[
        dict[str, Annotated[str, types.text(templates.EVERY_QUERY)]], Field(description=_QUERY)
    ] = {}
    headers: Annotated[
        dict[HeaderName, Annotated[str, types.header(templates.EVERY_HEADER)]],
        Field(description=_HEADERS),
    ] = {}
    body: Annotated[
        Any,
        types.json_template(templates.EVERY_BODY),
        Json,
        Field(alias="json", description=_JSON),
    ] = None
    items: Annotated[Key, Field(description="where the campaigns are; . is the answer itself")]
    fields: Annotated[
        dict[RecordField, Key], Field(description="a record's field -> where an item has it")
    ]
    constant: Annotated[
        dict[Literal["channel"], str],
        Field(alias="set", description="what every campaign of this list has"),
    ] = {}
    next: Annotated[Next | None, Field(description="where the next page is; none: one page")] = None
    total: Annotated[Key | None, Field(description="where an answer counts all campaigns")] = None


class LookCall(_Reading):
    """The request that shows one campaign."""

    path: CallPath
    query: CallQuery = {}
    headers: CallHeaders = {}
    body: CallBody = None
    item: Annotated[Key, Field(description="where the campaign is; . is the answer itself")] = "."
    fields: Annotated[
        dict[RecordField, Key] | None, Field(description="as in `list`, whose fields it has else")
    ] = None
    missing: Annotated[
        tuple[MissingRow, ...], Field(description="answers that say there is none")
    ] = ()
    settled: Annotated[
        dict[Key, Values], Field(description="what a campaign holds that can no longer be deleted")
    ] = {}


class TokenRequest(Settings):
    """The request for a token."""

    method: Annotated[Literal["POST", "GET"], Field(description="the HTTP method")] = "POST"
    path: Annotated[
        str, types.path(templates.TOKEN_PATH), Field(description="from the base URL on")
    ]
    query: Annotated[
        dict[str, Annotated[str, types.text(templates.TOKEN_TEXT)]], Field(description=_QUERY)
    ] = {}
    headers: Annotated[
        dict[HeaderName, Annotated[str, types.header(templates.TOKEN_TEXT)]],
        Field(description="its headers; the account's are not sent"),
    ] = {}
    body: Annotated[
        Any,
        types.json_template(templates.TOKEN_TEXT),
        Json,
        Field(alias="json", description="a JSON body; it may hold secrets and is never shown"),
    ] = None
    form: Annotated[
        dict[str, Annotated[str, types.text(templates.TOKEN_TEXT)]] | None,
        Field(description="a form; it may hold secrets and is never shown"),
    ] = None


class TokenFlow(Settings):
    """A token that is asked for before the first request, and used as `${token}`."""

    request: Annotated[TokenRequest, Field(description="the request for a token")]
    base_url: Annotated[
        ids.Host | None, Field(description="where it is asked for, if not at the account's baseUrl")
    ] = None
    take: Annotated[Key, Field(description="where the answer has the token")]
    expires: Annotated[
        types.Lifetime | None,
        Field(description="how long it lives (50m), or where the answer has it in seconds"),
    ] = None


class Jwt(Settings):
    """A token that is signed here for every request, and used as `${jwt}`."""

    algorithm: Annotated[
        Literal["HS256", "HS384", "HS512"], Field(description="how it is signed")
    ] = "HS256"
    secret: Annotated[Name, Field(description="the one of `secrets` that signs it")]
    claims: Annotated[
        Any, types.json_template(templates.CLAIM), Json, Field(description="what it claims")
    ]
    expires: Annotated[
        timedelta | None, Field(description="adds iat and exp, so much later", le=timedelta(days=1))
    ] = None


def _one_or_more(raw: Any, handler: Any, info: ValidationInfo) -> Any:
    """A list, or several: what is wrong with a single one is told in its own place."""
    if not isinstance(raw, dict):
        return handler(raw)
    try:
        return (List.model_validate(raw, context=info.context),)
    except ValidationError as error:
        raise several(mistakes(error)) from None


class _OrOne:
    """Says in an annotation that an editor may see one item in place of the list."""

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        made = handler(core)
        return {"anyOf": [made["items"], made]}


class HttpSettings(Settings):
    """`settings` of an account of driver `http`."""

    secrets: Annotated[
        dict[Name, Credential], Field(description="credentials, used as ${secret.NAME}")
    ] = {}
    token: Annotated[TokenFlow | None, Field(description="a token that is asked for")] = None
    jwt: Annotated[Jwt | None, Field(description="a token that is signed here")] = None
    headers: Annotated[
        dict[HeaderName, Annotated[str, types.header(templates.EVERY_HEADER)]],
        Field(description="headers of every request, but a token's"),
    ] = {}
    ids: Annotated[
        types.Pattern | None, Field(description="RE2 for a whole id; default: what a path carries")
    ] = None
    parts: Annotated[
        Literal["phoneNumbers", "messageIds"] | None,
        Field(description="what ${part} is: each message, or each number, of a record"),
    ] = None
    channels: Annotated[
        tuple[str, ...], Field(description="the channels that it may delete; none named: every one")
    ] = ()
    delete: Annotated[Delete, Field(description="the request that deletes a target")]
    answers: Annotated[
        tuple[AnswerRow, ...],
        Field(description="what its answers mean; the first that fits", min_length=1),
    ]
    list: Annotated[
        tuple[List, ...],
        WrapValidator(_one_or_more),
        _OrOne(),
        Field(description="how campaigns are listed"),
    ] = ()
    look: Annotated[LookCall | None, Field(description="how one campaign is looked at")] = None
