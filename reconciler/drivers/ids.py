"""What may be sent as an id, a header, a host: one grammar for each place (spec §4).

Everything is matched whole and in ASCII, so no newline, slash, dot segment or look-alike digit
passes. No vendor's sample prefix or length is required: ids are opaque.
"""

import re
from collections.abc import Callable, Sequence
from string import ascii_letters, digits
from typing import Annotated, Any

from pydantic import AfterValidator, WithJsonSchema

from reconciler.model import Campaign

_PATH = re.compile(r"[A-Za-z0-9._~-]{1,200}")
_PLAIN = (ascii_letters + digits + "_~-").encode()  # as nearly all are: they pass everywhere
_BODY = re.compile(r"[ -~]{1,200}")
_UNSENDABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_HEADER = re.compile(r"[!-~]{1,200}")
_VERSION = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}")
_HOST = re.compile(r"(?:https?://)?([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?/?")
_LOCAL = re.compile(r"localhost|127\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}|\[::1\]")


def in_path(text: str) -> str | None:
    """Why *text* cannot be one segment of a URL's path, or None."""
    if _PATH.fullmatch(text) and text not in (".", ".."):
        return None
    return "the vendor takes it in the URL: 1 to 200 of A-Z a-z 0-9 . _ ~ -, and not . or .."


def in_body(text: str) -> str | None:
    """Why *text* cannot be an id in a JSON body, or None."""
    return None if _BODY.fullmatch(text) else "an id is 1 to 200 printable ASCII characters"


class ById:
    """`unsafe` of a driver that goes by the id alone: *why* says what is wrong with one."""

    def __init__(self, why: Callable[[str], str | None]) -> None:
        self._why = why

    def __call__(self, _settings: Any, campaign: Campaign, _part: str | None) -> str | None:
        return self._why(campaign.id)

    def clear(self, ids: Sequence[str]) -> bool:
        """Whether a glance shows that none of *ids* is unsafe: they are plain and short."""
        text = "".join(ids)
        if not text.isascii() or text.encode().translate(None, _PLAIN):
            return False
        return all(ids) and max(map(len, ids), default=1) <= 200


class ByIdOrMessages(ById):
    """The same where messages are sent in place of the id of a campaign that has any."""

    def __call__(self, _settings: Any, campaign: Campaign, part: str | None) -> str | None:
        if part is None and campaign.message_ids:
            return None  # the id is the user's own name for many messages; it is never sent
        return self._why(campaign.id if part is None else part)


path_id = ById(in_path)
"""`unsafe` of a driver whose vendor takes the id as one segment of its URL."""


def matching(pattern: str, why: str) -> Callable[[Any, Campaign, str | None], str | None]:
    """`unsafe` of a driver whose vendor's ids are *pattern*; *why*: what an id is there."""
    whole = re.compile(pattern)
    return lambda _settings, campaign, _part: None if whole.fullmatch(campaign.id) else why


body_id = ById(in_body)
"""`unsafe` of a driver whose vendor takes the id in a JSON body or in a query."""


def written(pattern: str, why: str) -> AfterValidator:
    """For a setting that is text of a form: all of it is *pattern*, or *why* says how to write it.

    `Annotated[str, written("[a-z]{2}", "is no region; write it as eu")]`
    """

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(why)
        return text

    return AfterValidator(check)


def as_text(text: str) -> str | None:
    """Why *text* cannot be a name that is sent to the byte, or None."""
    if not 1 <= len(text) <= 200:
        return "a name is 1 to 200 characters"
    if _UNSENDABLE.search(text):
        return "a name has no control characters and no half surrogate pairs"
    return None


def base_of(host: str) -> str:
    """`https://HOST[:PORT]` for a host written with or without its scheme."""
    text = host.rstrip("/")
    return text if "://" in text else f"https://{text}"


def _host(text: str) -> str:
    found = _HOST.fullmatch(text)
    if not found:
        raise ValueError(
            "is not a host name; write HOST or https://HOST (a path belongs in baseUrl)"
        )
    if text.startswith("http://") and not _LOCAL.fullmatch(found[1]):
        raise ValueError("must be https; plain http is only for localhost, 127.0.0.0/8 and [::1]")
    return text


_COPY = "copy it from the vendor as it is there"


def _segment(text: str) -> str:
    if why := in_path(text):
        raise ValueError(f"cannot be sent ({why}); {_COPY}")
    return text


def _sendable(text: str) -> str:
    if as_text(text):
        raise ValueError(f"is not 1 to 200 characters without control characters; {_COPY}")
    return text


def _visible(text: str) -> str:
    if not _HEADER.fullmatch(text):
        raise ValueError(f"is not 1 to 200 printable ASCII characters without blanks; {_COPY}")
    return text


def _version(text: str) -> str:
    if not _VERSION.fullmatch(text):
        raise ValueError("is not a version; write it as in 2.8")
    return text


def _form(check: Callable[[str], str], pattern: str, plain: str = "integer") -> Any:
    """What makes a text one that *check* takes, and what an editor knows of it.

    *plain*: as what YAML reads it where it is written without quotes, and means the same.
    """
    schema = {"type": ["string", plain], "pattern": pattern}
    return AfterValidator(check), WithJsonSchema(schema)


_PRINTED = r"[^\u0000-\u001f\u007f-\u009f]{1,200}"
Host = Annotated[str, *_form(_host, f"^{_HOST.pattern}$")]
Segment = Annotated[str, *_form(_segment, rf"^(?!\.{{1,2}}$){_PATH.pattern}$")]
HeaderText = Annotated[str, *_form(_visible, f"^{_HEADER.pattern}$")]
BodyText = Annotated[str, *_form(_sendable, f"^{_PRINTED}$")]
Version = Annotated[str, *_form(_version, f"^{_VERSION.pattern}$", "number")]
