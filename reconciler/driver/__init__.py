"""What a driver is: data and pure functions; the whole contract, for us and for third parties.

A driver never sends, waits, retries, logs, or reads clock, environment or disk. It says which
targets share a request (`batches`), what that request is (`delete`), and what an answer means
(`judge`). Flows that need several requests (`authenticate`, `list`, `look`) are generators that
yield a `Request`, receive its `Answer`, and return a value. Whoever runs a flow has already dealt
with `gate` (throttling, credentials); an answer that never came arrives as `Answer(0, {}, b"")`.

Doubt is never rounded: only what the vendor documents as success is `Deleted`; what the vendor
documents as a refusal that changed nothing is `Refused`; everything else is `Doubt`.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from reconciler.driver import refusing as refusing
from reconciler.driver.declared import Complaint as Complaint
from reconciler.driver.declared import by_key as by_key
from reconciler.driver.growth import Growth as Growth
from reconciler.driver.growth import one_each as one_each
from reconciler.driver.scalars import Plain as Plain
from reconciler.driver.scalars import Reads as Reads
from reconciler.driver.scalars import duration as duration
from reconciler.driver.secrets import Credential as Credential
from reconciler.driver.secrets import Secret as Secret
from reconciler.driver.secrets import Text as Text
from reconciler.driver.secrets import revealed as revealed
from reconciler.driver.secrets import shown as shown
from reconciler.driver.settings import Settings as Settings
from reconciler.driver.settings import as_written as as_written
from reconciler.driver.settings import defaults_of as defaults_of
from reconciler.driver.settings import settings_of as settings_of
from reconciler.model import Campaign, Limits, Target

# ---------------------------------------------------------------- requests and answers


class Item(msgspec.Struct, frozen=True):
    """One target as a driver needs it: *name* is the record's own text, to the byte."""

    target: Target
    name: str
    channel: str | None = None

    @property
    def key(self) -> str:
        """The part, or the id of a target without one: what a vendor of messages goes by."""
        return self.target.id if self.target.part is None else self.target.part


class Session(msgspec.Struct, frozen=True):
    """What a driver may know while it builds a request.

    *base* is `scheme://host[:port][/prefix]` without a slash at its end. *token* is the lane's
    current token (only drivers with `authenticate` have one); it is revealed when sent, so a
    refreshed token needs no new request value. *nonce* gives a fresh unique text at each call.
    *now* is Unix time, for what is signed when it is sent; nothing else may ask.
    """

    account: str
    settings: Any
    base: str
    token: Secret
    nonce: Callable[[], str]
    now: Callable[[], float] = lambda: 0.0


class Request(msgspec.Struct, frozen=True):
    """One HTTP request as a value. *path* is a tuple of segments; none may hold a slash.

    *body* is a JSON value or None for no JSON. *form*: the fields of a form instead of it, sent as
    `application/x-www-form-urlencoded`. Only the body of a token request may hold a `Secret` in
    place of a text, and it is masked wherever it shows.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    base: str
    path: tuple[str | Secret, ...]
    query: tuple[tuple[str, Text], ...] = ()
    headers: tuple[tuple[str, Text], ...] = ()
    body: Any = None
    form: tuple[tuple[str, Text], ...] | None = None

    @property
    def shown_body(self) -> Any:
        """The JSON body, or the fields of the form, with every secret as `***`."""
        if self.form is not None:
            return {key: shown(text) for key, text in self.form}
        return _masked(self.body)

    @property
    def shown_url(self) -> str:
        """The URL with every secret as `***`."""
        path = "/".join("***" if isinstance(p, Secret) else quote(p, safe="~") for p in self.path)
        pairs = (
            f"{quote(k, safe='')}={'***' if not isinstance(v, str) else quote(v, safe='~')}"
            for k, v in self.query
        )
        query = "&".join(pairs)
        return f"{self.base}/{path}" + (f"?{query}" if query else "")


def secrets_in(value: Any) -> Iterator[Secret]:
    """Every secret in a JSON *value*."""
    match value:
        case Secret():
            yield value
        case dict():
            for one in value.values():
                yield from secrets_in(one)
        case list():
            for one in value:
                yield from secrets_in(one)


def _masked(value: Any) -> Any:
    match value:
        case Secret():
            return str(value)
        case dict():
            return {key: _masked(one) for key, one in value.items()}
        case list():
            return [_masked(one) for one in value]
    return value


class Answer(msgspec.Struct, frozen=True):
    """What came back, whole: *headers* by lower-case name, *body* decoded from transfer coding.

    *status* 0: no answer came (only flows ever see it). *announced*: the answer said where its
    body ends (a length, chunks, or a status without one); if not, its end was that of the
    connection, and only its own form can tell whether it is whole.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    announced: bool = True


Flow = Generator[Request, Answer, Any]

# ---------------------------------------------------------------- what an answer means


class Deleted(msgspec.Struct, frozen=True):
    """The vendor said, as documented, that every item of the request is deleted."""

    detail: str | None = None


class Unproven(msgspec.Struct, frozen=True):
    """The vendor says yes whatever happened, so its yes proves nothing: only a look can tell.

    It is in doubt until then, but no failure of the account's.
    """

    detail: str


class Absent(msgspec.Struct, frozen=True):
    """The vendor said, as documented and without ambiguity, that the item does not exist.

    Of several items that share a request, nobody knows which one is meant: a look tells.
    """

    detail: str


class Unconfirmed(msgspec.Struct, frozen=True):
    """The vendor's words fit "does not exist" and something else too; only a look can tell.

    *known*: the right account was asked, and the words speak of this item alone (an item that is
    gone, or one that never was). Then they are told as they are, the account goes on, and after a
    doubtful request of our own they say what came of it.
    """

    detail: str
    known: bool = False


class Refused(msgspec.Struct, frozen=True):
    """The vendor said no, and nothing changed."""

    detail: str


class Throttled(msgspec.Struct, frozen=True):
    """Not now: the whole account waits. *wait* is the vendor's rule in seconds."""

    detail: str
    wait: float


class Unauthorised(msgspec.Struct, frozen=True):
    """These credentials are not accepted. *renew*: one new token may help."""

    detail: str
    renew: bool = False


class Split(msgspec.Struct, frozen=True):
    """The whole request was refused, nothing changed, because of one item in it: ask by halves.

    *sift*: the driver's `sift` may find out which one.
    """

    detail: str
    sift: bool = False


class Doubt(msgspec.Struct, frozen=True):
    """Everything else: it may have happened."""

    detail: str


Verdict = (
    Deleted | Unproven | Absent | Unconfirmed | Refused | Throttled | Unauthorised | Split | Doubt
)

# ---------------------------------------------------------------- reading


class Present(msgspec.Struct, frozen=True):
    """The vendor shows it. *settled*: why it can no longer be deleted (a message already sent)."""

    campaign: Campaign
    settled: str | None = None


class Missing(msgspec.Struct, frozen=True):
    """The vendor shows nothing there. *sure*: it says so of this very item (cancelled).

    Not *sure* is silence: it needs a witness before it means anything.
    """

    detail: str
    sure: bool = False


class Unclear(msgspec.Struct, frozen=True):
    """The read says nothing. *unavailable*: this account may never read (no such route, 403).

    *unseen*: the vendor answered and does not show it, as it may not show what is there. However
    many others it shows, that is no proof that it is gone; nor does it speak against a request.
    """

    detail: str
    unavailable: bool = False
    unseen: bool = False


Sighting = Present | Missing | Unclear


class Listing(msgspec.Struct, frozen=True):
    """Everything the account lists. *complete* only if every page came and none contradicts.

    Each campaign once, in the vendor's order. *why* says what is missing when not complete;
    *unavailable*: this account may never list (no such route, 403). *partial*: every page came,
    and it is not complete only because the vendor never lists everything.
    """

    campaigns: tuple[Campaign, ...]
    complete: bool
    why: str | None = None
    unavailable: bool = False
    partial: bool = False


class Sifted(msgspec.Struct, frozen=True):
    """Of the items of a refused request: those that the vendor says it does not have, and *why*.

    It counts only where it knows others of them: a vendor that knows none was asked wrongly.
    """

    unknown: tuple[Item, ...]
    why: str


class Token(msgspec.Struct, frozen=True):
    """What `authenticate` returns. *lives*: for how many seconds, if the vendor says so."""

    secret: Secret
    lives: float | None = None


# ---------------------------------------------------------------- the driver


def chunks(items: Sequence[Item], size: int, most: int | None) -> list[tuple[Item, ...]]:
    """`batches` of a vendor that takes up to *size* independent targets a request."""
    step = min(size, most or size)
    return [tuple(items[at : at + step]) for at in range(0, len(items), step)]


def halves(items: tuple[Item, ...]) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """`split` of a vendor whose items are independent."""
    middle = len(items) // 2
    return items[:middle], items[middle:]


class Driver(msgspec.Struct, frozen=True, kw_only=True):
    """One vendor API. Third parties: build one, and name it in the group `reconciler.drivers`.

    Times are seconds. Functions get *settings* (an instance of your `settings` model).
    """

    name: str
    title: str
    call: str  # "POST /2.8/campaigns/delete"
    docs: str  # the vendor's page
    settings: type[Settings]
    complete: bool  # default of the account's `inventory`
    base_url: Callable[[Any], str]
    """Where the vendor lives, without the account's `baseUrl`."""
    limits: Callable[[Any], Limits]
    """The vendor's documented pace, or our careful guess."""
    scope: Callable[[Any], Text]
    """Whose campaigns these are, beside the base URL: a project, stream, user or application.

    Where only a secret names that, its `Secret` (`settings.api_key.secret()`), alone or in a tuple
    with text: what is kept of it is an HMAC, and the account's own `scope:` takes its place. What
    the journal knows of one scope says nothing about another.
    """
    unsafe: Callable[[Any, Campaign, str | None], str | None]
    """Why this id (and part) cannot be sent, or None. Where it has a method `clear`, that says of
    the ids of many campaigns whether a glance shows that it is None of each (`drivers.ids.ById`).
    """
    delete: Callable[[Session, tuple[Item, ...]], Request]
    """The one request that deletes all *items* and nothing else."""
    judge: Callable[[Session, tuple[Item, ...], Answer], Verdict]
    """What *answer* to that request means for all of its items."""
    gate: Callable[[Answer], Throttled | Unauthorised | None]
    """Throttling and credentials, alike for every call of this vendor; `judge` includes it."""
    limit: Callable[[Any], str] | None = None
    """What shares one rate at the vendor: accounts of one limit are paced as one and worked by one
    run at a time. No secret. None: the scope."""
    batches: Callable[[Any, Sequence[Item], int | None], list[tuple[Item, ...]]] = one_each
    """Items -> the requests they share, each item in exactly one; at most *most* targets each."""
    neighbours: bool = False
    """Whether `batches` joins only targets that follow each other, as `one_each` joins none: then
    a plan of a million targets is grouped a part at a time."""
    split: Callable[[tuple[Item, ...]], tuple[tuple[Item, ...], tuple[Item, ...]]] = halves
    """How a request that got `Split` is halved; each half must be a valid request."""
    sift: Callable[[Session, tuple[Item, ...]], Flow] | None = None
    """After a `Split` that says so, before any halving: which items does the vendor not know?

    Returns `Sifted`. Its requests change nothing and do not count against the limits; they are
    made one after the other, `sift_apart` seconds apart.
    """
    sift_apart: float = 1.0
    unsupported: Callable[[Any, Campaign], str | None] = refusing.nothing
    """Why the driver does not promise to delete this campaign, or None: its kind, or a state that
    the vendor refuses (as the record has it; an unknown one is no reason). Where it has a method
    `clear`, that says of settings and many campaigns whether it is None of each
    (`driver.refusing`)."""
    authenticate: Callable[[Session], Flow] | None = None
    """Returns `Token`, or `Unauthorised`, `Throttled`, `Doubt`."""
    list: Callable[[Session], Flow] | None = None
    """Returns `Listing` of the whole account."""
    look: Callable[[Session, Item], Flow] | None = None
    """Returns a `Sighting` of one item."""
    fields: tuple[str, ...] = ()
    """The keys of a record that `list` knows (`labels`: all of them; `labels.team`: that one).

    A listed record without one of these does not have it. Without `name` or `status` the vendor
    has none of its own: what the driver gives there is a stopgap, and never replaces a better one.
    """
    look_fields: tuple[str, ...] = ()
    """The same of what a look shows: what an exception asks for can be told from these."""
    gone: Callable[[Any, Campaign], bool] = lambda _s, _c: False
    """Whether the vendor still shows this campaign and says that it is gone (archived, cancelled).

    Such a look needs no witness, and an inventory leaves the campaign out.
    """
    page: int = 100  # campaigns a listing request brings (to choose between list and look)
    by_name: bool = False  # the vendor goes by name, not by id
    parts: Literal["phoneNumbers", "messageIds"] | None = None
    """What a campaign's parts are. Phone numbers are required, message ids are optional."""
    channels: tuple[str, ...] = ()  # the channels it knows; empty: it does not care
    growth: Growth | None = None
    """How much a request may take as a run goes on; None: as much as `batches` puts into it."""
    timeout: float = 30.0  # a request, from its first byte to the whole answer
    quiet: float = 30.0  # after a doubt: how long the vendor may still be working
    again: float = 60.0  # between the two looks that must both show it before it is sent again
    instead: Callable[[Any], str | None] = lambda _s: None
    """What happens instead of a deletion, where that is all the vendor has; as the plan shows it:
    "stops sending; the record stays"."""
    notes: tuple[str, ...] = ()  # what a user should know, one sentence each
    anywhere: bool = (
        False  # any vendor: it lives where the account's `baseUrl` says, which is required
    )
    configured: Callable[[Any], "Driver"] | None = None
    """The driver that these settings make of it, where they say what it can do at all (`http`)."""

    def of(self, settings: Any) -> "Driver":
        """The driver of an account with these *settings*."""
        return self if self.configured is None else self.configured(settings)
