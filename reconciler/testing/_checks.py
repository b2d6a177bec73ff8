"""What every driver must hold, one check a rule."""

import json
import random
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, get_args
from urllib.parse import quote, urlsplit

from msgspec import structs

from reconciler.declare.checked import validate
from reconciler.declare.strict import parse
from reconciler.driver import (
    Absent,
    Answer,
    Credential,
    Deleted,
    Doubt,
    Driver,
    Flow,
    Item,
    Listing,
    Missing,
    Present,
    Request,
    Secret,
    Session,
    Settings,
    Sighting,
    Throttled,
    Token,
    Unauthorised,
    Unproven,
    Verdict,
    revealed,
    shown,
)
from reconciler.errors import InputError, ReconcilerError
from reconciler.model import Campaign, Limits
from reconciler.testing._twisted import twisted

_SECRET: Final = "s3cr3t-{}-value"
_STEPS: Final = 20_000  # requests a flow may take before it counts as endless
_TRIES: Final = 150
_SENDS: Final = ("httpx", "requests", "aiohttp", "socket", "urllib3", "time", "os", "random")
_HOSTILE: Final = (
    *("", ".", "..", "../x", "a/b", "a\\b", "a?x=1", "a#b", "a%2e", "%2e%2e", "a b", "a\n", "\na"),
    *("a\r\nX: y", "a\x00", "a\u0661", "é", "\u202ea", "a\ud800", "a" * 201, "{}", "a;b", "\t"),
)


def settings(driver: Driver, written: Mapping[str, Any]) -> Any:
    """What *driver* gets for the settings *written* as in `reconciler.yaml` (camelCase).

    Credentials are not read yet; `settings(...).resolved({"api_key": "text"})` has them read.
    Raises `InputError` with everything that is wrong.
    """
    text = json.dumps(written, ensure_ascii=False)
    documents, problems = parse(text.encode("utf-8", "surrogatepass"), "settings")
    if problems:
        raise InputError(problems)
    found, told = validate(driver.settings, documents[0], "settings", quotes=True)
    if found is None:
        raise InputError(told)
    return found


@dataclass(frozen=True, kw_only=True)
class Example:
    """What the suite must be told about a driver.

    *settings* as in `reconciler.yaml` (camelCase). *items*: targets one could delete, several if
    requests are shared. *successes*: each documented answer that deletes the first batch of them.
    *documented*: whether any answer is a documented success for that batch; say it from the
    vendor's page, not from the driver. *absences*: the statuses by which the vendor says that
    there is no such campaign. *base*: the account's `baseUrl`, if it has one.
    """

    driver: Driver
    settings: Mapping[str, Any]
    items: tuple[Item, ...]
    successes: tuple[Answer, ...]
    documented: Callable[[Answer], bool]
    absences: tuple[int, ...] = (404, 410)
    base: str | None = None

    @cached_property
    def checked(self) -> Any:
        """The settings as the driver gets them, credentials not yet read."""
        return settings(self.driver, self.settings)

    @cached_property
    def session(self) -> Session:
        """A session whose every secret is known text."""
        plain = self.checked
        read = plain.resolved({name: _SECRET.format(name) for name in plain.credentials()})
        return self._session(read, Secret.of(_SECRET.format("token")))

    @property
    def dry(self) -> Session:
        """A session whose secrets are an error to look at, as in a dry run."""

        def touched() -> str:
            raise AssertionError("a secret was looked at while the request was built")

        return self._session(self.checked, Secret(touched))

    def _session(self, settings: Any, token: Secret) -> Session:
        base = (self.base or self.driver.base_url(settings)).rstrip("/")
        return Session(self.items[0].target.account, settings, base, token, lambda: "nonce-1")

    @property
    def batch(self) -> tuple[Item, ...]:
        """The first request's items."""
        return self.driver.batches(self.checked, self.items, None)[0]


@dataclass(frozen=True, slots=True)
class Check:
    """One rule for one driver; call it."""

    name: str
    run: Callable[[Example], None]
    example: Example

    def __call__(self) -> None:
        self.run(self.example)

    def __str__(self) -> str:
        return f"{self.example.driver.name}: {self.name}"


def conformance(example: Example) -> list[Check]:
    """Every check that applies to *example*'s driver, for `pytest.mark.parametrize`."""
    return [Check(run.__name__.replace("_", " "), run, example) for run in _RULES]


# ---------------------------------------------------------------- what it says of itself


def it_describes_itself(example: Example) -> None:
    driver = example.driver
    assert re.fullmatch(r"[a-z0-9-]{1,63}", driver.name), "a name is lower case, digits, dashes"
    assert driver.title, "the driver has no title"
    assert driver.call, "the driver does not say which call it makes"
    assert driver.docs.startswith("https://"), "docs is the vendor's page"
    limits = driver.limits(example.checked)
    assert isinstance(limits, Limits)
    assert limits.requests >= 1, "at least one request"
    assert limits.per > 0, "a positive time"
    assert limits.concurrency >= 1, "at least one at a time"
    assert driver.quiet >= 0, "the quiet period is not negative"
    assert driver.again >= 0, "the time between two looks is not negative"
    assert driver.page >= 1, "a page brings at least one campaign"


def its_settings_are_strict(example: Example) -> None:
    model = example.driver.settings
    assert issubclass(model, Settings)
    assert all(isinstance(one, Credential) for one in example.checked.credentials().values())
    try:
        settings(example.driver, {**example.settings, "noSuchSetting": "x"})
    except InputError:
        return
    raise AssertionError("an unknown setting was accepted")


def its_base_url_has_no_path_and_is_https(example: Example) -> None:
    if example.driver.anywhere:
        assert example.base, "this driver lives wherever the account's baseUrl says"
        return
    base = urlsplit(example.driver.base_url(example.checked))
    assert base.scheme == "https", base.geturl()
    assert base.hostname, base.geturl()
    assert (base.path, base.query, base.fragment) == ("", "", ""), base.geturl()


def it_imports_nothing_that_sends_or_tells_the_time(example: Example) -> None:
    module = sys.modules[example.driver.delete.__module__]
    found = sorted(name for name in _SENDS if hasattr(module, name))
    assert not found, f"{module.__name__} imports {', '.join(found)}"


# ---------------------------------------------------------------- requests


def equal_input_gives_an_equal_request(example: Example) -> None:
    for batch in _batches(example):
        first, second = (_plain(example.driver.delete(example.session, batch)) for _ in range(2))
        assert first == second


def a_request_can_be_shown_before_any_secret_was_read(example: Example) -> None:
    for batch in _batches(example):
        try:
            request = example.driver.delete(example.dry, batch)
        except ReconcilerError as error:
            raise AssertionError(f"a secret was looked at: {error}") from error
        assert request.shown_url
        repr(request)


def no_secret_shows_in_a_request(example: Example) -> None:
    names = [*example.checked.credentials(), "token"]
    for batch in _batches(example):
        request = example.driver.delete(example.session, batch)
        scope = shown(example.driver.scope(example.session.settings))
        told = f"{request!r} {request.shown_url} {json.dumps(request.shown_body)} {scope}"
        for name in names:
            assert _SECRET.format(name) not in told, f"the secret {name} shows"


def a_request_is_fit_for_the_wire(example: Example) -> None:
    for batch in _batches(example):
        request = example.driver.delete(example.session, batch)
        assert request.base == example.session.base, "the base is the session's"
        for segment in request.path:
            text = segment.reveal() if isinstance(segment, Secret) else segment
            assert text not in ("", ".", ".."), f"segment {segment!r}"
            assert quote(text, safe="~") == text, f"segment {segment!r} needs encoding"
        for name, value in request.headers:
            assert re.fullmatch(r"[A-Za-z0-9-]+", name), f"header {name!r}"
            assert re.fullmatch(r"[ -~]*", revealed(value)), f"the value of header {name}"
        names = [name.lower() for name, _ in request.headers]
        assert len(set(names)) == len(names), "a header twice"
        json.dumps(request.body, allow_nan=False)
        assert request.body is None or request.form is None, "a JSON body and a form"
        for key, field in request.form or ():
            assert isinstance(field, str), f"a secret in the form's {key}"


def a_request_names_its_target(example: Example) -> None:
    """Requests for different targets differ, so none can delete for another."""
    seen: dict[str, tuple[Item, ...]] = {}
    for item in example.items:
        (batch,) = example.driver.batches(example.checked, (item,), None)
        request = repr(_plain(example.driver.delete(example.session, batch)))
        assert request not in seen, f"{item.target} and {seen[request]} give the same request"
        seen[request] = batch


def hostile_ids_stay_out_of_the_path(example: Example) -> None:
    driver, session, item = example.driver, example.session, example.items[0]
    for text in _HOSTILE:
        part = item.target.part and text
        name = text if driver.by_name else item.name
        campaign = Campaign(account=item.target.account, id=text, name=name)
        if driver.unsafe(session.settings, campaign, part) is not None:
            continue
        target = structs.replace(item.target, id=text, part=part)
        bad = structs.replace(item, target=target, name=name)
        request = driver.delete(session, (bad,))
        for segment in request.path:
            assert isinstance(segment, Secret) or text not in ("", segment), f"{text!r} in the path"


# ---------------------------------------------------------------- batches


def every_target_is_in_exactly_one_request(example: Example) -> None:
    for most in (None, 1, 2, 3, 7):
        batches = example.driver.batches(example.checked, example.items, most)
        sent = [item.target for batch in batches for item in batch]
        assert all(batches), "a request without a target"
        assert sorted(sent) == sorted(item.target for item in example.items), "not a partition"
        assert most is None or max(map(len, batches)) <= most, f"more than {most} in a request"
        assert batches == example.driver.batches(example.checked, example.items, most)
    assert example.driver.batches(example.checked, (), None) == []


def halves_of_a_request_are_requests(example: Example) -> None:
    for batch in _batches(example):
        if len(batch) < 2:
            continue
        first, second = example.driver.split(batch)
        assert first, "an empty half"
        assert second, "an empty half"
        assert sorted(i.target for i in (*first, *second)) == sorted(i.target for i in batch)
        for half in (first, second):
            again = example.driver.batches(example.checked, half, None)
            assert len(again) == 1, "a half is not one request"


# ---------------------------------------------------------------- answers


def documented_successes_are_deletions(example: Example) -> None:
    assert example.successes, "the example names no success"
    for answer in example.successes:
        assert example.documented(answer), f"the example contradicts itself: {_said(answer)}"
        verdict = example.driver.judge(example.session, example.batch, answer)
        assert isinstance(verdict, Deleted | Unproven), f"{_said(answer)} became {verdict}"


def nothing_else_is_a_deletion(example: Example) -> None:
    for success in example.successes:
        for name, answer in twisted(success):
            verdict = example.driver.judge(example.session, example.batch, answer)
            if isinstance(verdict, Deleted | Unproven):
                assert example.documented(answer), f"{name} became a deletion"


def nothing_odd_is_an_absence(example: Example) -> None:
    """Only a documented 2xx or 4xx may say that a target does not exist."""
    for success in example.successes:
        for name, answer in twisted(success):
            verdict = example.driver.judge(example.session, example.batch, answer)
            if isinstance(verdict, Absent):
                assert 200 <= answer.status < 500, f"{name} became an absence"
                assert not 300 <= answer.status < 400, f"{name} became an absence"


def an_answer_about_another_target_is_no_deletion(example: Example) -> None:
    item = example.batch[0]
    for wanted in {item.target.id, item.target.part or item.target.id}:
        for success in example.successes:
            other = success.body.replace(wanted.encode(), b"another-" + wanted.encode()[:20])
            if other == success.body:
                continue
            answer = structs.replace(success, body=other)
            verdict = example.driver.judge(example.session, example.batch, answer)
            assert not isinstance(verdict, Deleted | Unproven), f"{_said(answer)} is a deletion"


def any_bytes_have_a_verdict(example: Example) -> None:
    driver, batch = example.driver, example.batch
    for answer in _arbitrary(example):
        verdict = driver.judge(example.session, batch, answer)
        assert isinstance(verdict, get_args(Verdict)), f"{_said(answer)} became {verdict!r}"
        assert _SECRET.format("") not in repr(verdict)
        if isinstance(verdict, Deleted | Unproven):
            assert example.documented(answer), f"{_said(answer)} became a deletion"


def judge_and_gate_agree(example: Example) -> None:
    for answer in _arbitrary(example):
        gate = example.driver.gate(answer)
        assert gate is None or isinstance(gate, Throttled | Unauthorised)
        if gate is not None:
            verdict = example.driver.judge(example.session, example.batch, answer)
            assert type(verdict) is type(gate), f"{_said(answer)}: {gate}, but {verdict}"
            if isinstance(gate, Throttled):
                assert gate.wait > 0, "a wait of no time"
    assert isinstance(example.driver.gate(Answer(429, {}, b"")), Throttled), "429 is a throttle"


# ---------------------------------------------------------------- flows


def flows_end_whatever_is_answered(example: Example) -> None:
    for answer in _arbitrary(example):
        for name, flow, kinds in _flows(example):
            found = _run(flow, answer)
            assert isinstance(found, kinds), f"{name} after {_said(answer)} gave {found!r}"


def a_failed_listing_is_never_complete(example: Example) -> None:
    if example.driver.list is None:
        return
    for answer in _arbitrary(example):
        if not 200 <= answer.status < 300:
            listing: Listing = _run(example.driver.list(example.session), answer)
            assert not listing.complete, f"complete after {_said(answer)}"
            assert listing.why, "a listing that is not complete says why"


def a_failed_look_is_never_a_sure_absence(example: Example) -> None:
    if example.driver.look is None:
        return
    for answer in _arbitrary(example):
        seen = _run(example.driver.look(example.session, example.items[0]), answer)
        if not 200 <= answer.status < 300:
            assert not isinstance(seen, Present), f"present after {_said(answer)}"
            assert not (isinstance(seen, Missing) and seen.sure), f"sure after {_said(answer)}"
        if isinstance(seen, Missing):
            assert answer.status in (200, *example.absences), f"missing after {_said(answer)}"


def flow_requests_are_fit_to_be_shown(example: Example) -> None:
    for _, flow, _ in _flows(example):
        try:
            request: Request = next(flow)
        except StopIteration:
            continue
        shown = f"{request!r} {request.shown_url} {json.dumps(request.shown_body)}"
        for name in (*example.checked.credentials(), "token"):
            assert _SECRET.format(name) not in shown, f"the secret {name} shows"
        assert all(isinstance(one, Secret) or "/" not in one for one in request.path)


# ---------------------------------------------------------------- what the checks share


def _batches(example: Example) -> Iterable[tuple[Item, ...]]:
    return example.driver.batches(example.checked, example.items, None)


def _plain(request: Request) -> Any:
    path = [one.reveal() if isinstance(one, Secret) else one for one in request.path]
    pairs = [(name, revealed(value)) for name, value in (*request.query, *request.headers)]
    return request.method, request.base, path, pairs, request.body, request.form


def _said(answer: Answer) -> str:
    return f"HTTP {answer.status} {answer.body[:80]!r}"


def _flows(example: Example) -> list[tuple[str, Flow, Any]]:
    driver, session = example.driver, example.session
    found: list[tuple[str, Flow, Any]] = []
    if driver.authenticate:
        kinds = (Token, Unauthorised, Throttled, Doubt)
        found.append(("authenticate", driver.authenticate(session), kinds))
    if driver.list:
        found.append(("list", driver.list(session), Listing))
    if driver.look:
        found.append(("look", driver.look(session, example.items[0]), get_args(Sighting)))
    return found


def _run(flow: Flow, answer: Answer) -> Any:
    """What *flow* returns when every request of it gets *answer*."""
    try:
        next(flow)
        for _ in range(_STEPS):
            flow.send(answer)
    except StopIteration as end:
        return end.value
    raise AssertionError(f"a flow did not end after {_STEPS} requests")


def _arbitrary(example: Example) -> Iterable[Answer]:
    """The twisted answers, and successes with random bytes changed; the same ones every time."""
    rng = random.Random(example.driver.name)
    yield Answer(0, {}, b"")
    for success in example.successes:
        yield from (answer for _, answer in twisted(success))
    for _ in range(_TRIES):
        base = rng.choice(example.successes)
        body = bytearray(base.body or b"{}")
        for _ in range(rng.randint(1, 4)):
            body[rng.randrange(len(body))] = rng.randrange(256)
        status = base.status if rng.random() < 0.7 else rng.randint(100, 599)
        yield Answer(status, {}, bytes(body[: rng.randint(0, len(body))]))
        yield Answer(status, {}, bytes(body))
        yield Answer(rng.choice((200, 204, 400, 404, 500)), {}, rng.randbytes(rng.randint(0, 40)))


_RULES: Final[tuple[Callable[[Example], None], ...]] = (
    it_describes_itself,
    its_settings_are_strict,
    its_base_url_has_no_path_and_is_https,
    it_imports_nothing_that_sends_or_tells_the_time,
    equal_input_gives_an_equal_request,
    a_request_can_be_shown_before_any_secret_was_read,
    no_secret_shows_in_a_request,
    a_request_is_fit_for_the_wire,
    a_request_names_its_target,
    hostile_ids_stay_out_of_the_path,
    every_target_is_in_exactly_one_request,
    halves_of_a_request_are_requests,
    documented_successes_are_deletions,
    nothing_else_is_a_deletion,
    nothing_odd_is_an_absence,
    an_answer_about_another_target_is_no_deletion,
    any_bytes_have_a_verdict,
    judge_and_gate_agree,
    flows_end_whatever_is_answered,
    a_failed_listing_is_never_complete,
    a_failed_look_is_never_a_sure_absence,
    flow_requests_are_fit_to_be_shown,
)
