"""The matcher answers as a plain reading of the contract would, record by record."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from unicodedata import normalize

import pytest
import re2
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.declare.manifest import Selector
from reconciler.model import Campaign, Status
from reconciler.plan import patterns as of_names
from reconciler.plan.matching import Matcher, Matches, Question

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
DAY_END = "2025-01-01T23:59:59.999999"


def campaign(name: str = "n", id_: str = "1", account: str = "a", **fields: object) -> Campaign:
    return Campaign(account=account, id=id_, name=name, **fields)  # type: ignore[arg-type]


def glob(pattern: str, account: str = "a") -> Question:
    return Question("absent", account, match=Selector(name=pattern))


def regex(pattern: str) -> Question:
    return Question("absent", "a", match=Selector(name_regex=pattern))


def ask(
    questions: Sequence[Question],
    records: Sequence[Campaign],
    *,
    by_name: Iterable[str] = (),
    size: int = 3,
    spare: int = 100,
) -> Matches:
    matcher = Matcher(questions, now=NOW, by_name=list(by_name), spare=spare)
    batches = [records[start : start + size] for start in range(0, len(records), size)]
    for batch in batches:
        matcher.feed(batch)
    if matcher.again:
        for batch in batches:
            matcher.feed_again(batch)
    return matcher.finish()


def matched(pattern: str, *names: str) -> list[str]:
    """Those of *names* that the glob matches."""
    records = [campaign(name, str(number)) for number, name in enumerate(names)]
    hits = ask([glob(pattern)], records).hits
    return [one.name for one in records if ("a", one.id) in hits]


# ---------------------------------------------------------------- the oracle


def plain_glob(pattern: str, name: str) -> bool:
    """Globs by plain recursion: `* ? [a-z] [!x]` and `\\`, whole name, case-sensitive."""
    reach = {0}
    for kind, held in tokens(normalize("NFC", pattern)):
        if kind == "any":
            reach = set(range(min(reach), len(name) + 1)) if reach else set()
            continue
        reach = {
            place + 1
            for place in reach
            if place < len(name)
            and (
                kind == "one"
                or (kind == "text" and name[place] == held)
                or (kind == "in" and inside(name[place], held))
                or (kind == "out" and not inside(name[place], held))
            )
        }
    return len(name) in reach


def inside(character: str, ranges: object) -> bool:
    assert isinstance(ranges, list)
    return any(low <= character <= high for low, high in ranges)


def tokens(pattern: str) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    rest = list(pattern)
    while rest:
        character = rest.pop(0)
        if character == "*":
            found.append(("any", None))
        elif character == "?":
            found.append(("one", None))
        elif character == "[":
            kind = "in"
            if rest[0] == "!":
                rest.pop(0)
                kind = "out"
            found.append((kind, members(rest)))
        else:
            found.append(("text", rest.pop(0) if character == "\\" and rest else character))
    return found


def members(rest: list[str]) -> list[tuple[str, str]]:
    ranges: list[tuple[str, str]] = []
    first = True

    def take() -> str:
        character = rest.pop(0)
        return rest.pop(0) if character == "\\" else character

    while first or rest[0] != "]":
        first = False
        low = high = take()
        if rest[0] == "-" and rest[1] != "]":
            rest.pop(0)
            high = take()
        ranges.append((low, high))
    rest.pop(0)
    return ranges


def labels(one: Campaign) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, value in (one.labels or {}).items():
        found.setdefault(normalize("NFC", key), []).append(normalize("NFC", value))
    return found


def limit(bound: datetime | str) -> datetime:
    return NOW if isinstance(bound, str) else bound


SPANS = {  # the label -> its first and last instant
    "2025-01-01": (datetime(2025, 1, 1, tzinfo=UTC), datetime.fromisoformat(f"{DAY_END}Z")),
    "2025-01-02T00:00:00+02:00": (datetime(2025, 1, 1, 22, tzinfo=UTC),) * 2,
    "2025-01-01T23:59:59.9999999Z": (datetime.fromisoformat(f"{DAY_END}Z"),) * 2,
    "2024-12-31 23:59:60": (datetime(2024, 12, 31, 23, 59, 59, tzinfo=UTC),) * 2,
}


def dated(one: Campaign, key: str, holds: Callable[[datetime, datetime], bool]) -> bool | None:
    held = labels(one).get(normalize("NFC", key))
    if held is None or any(value not in SPANS for value in held):
        return None
    return any(holds(*SPANS[value]) for value in held)


def plain(selector: Selector, one: Campaign) -> bool | None:
    name = normalize("NFC", one.name)
    said: list[bool | None] = []
    if selector.name is not None:
        said.append(plain_glob(selector.name, name))
    if selector.name_regex is not None:
        options = re2.Options()
        options.dot_nl = True
        pattern = normalize("NFC", selector.name_regex)
        said.append(re2.fullmatch(pattern, name, options) is not None)
    if False in said:
        return False
    if selector.status is not None:
        unknown = one.status in (None, Status.UNKNOWN) and one.status not in selector.status
        said.append(None if unknown else one.status in selector.status)
    if selector.channel is not None:
        said.append(None if one.channel is None else one.channel in selector.channel)
    for key, wanted in (selector.labels or {}).items():
        held = labels(one).get(normalize("NFC", key))
        said.append(None if held is None else normalize("NFC", wanted) in held)
    for key, bound in (selector.label_before or {}).items():
        said.append(dated(one, key, lambda first, last, bound=bound: last < limit(bound)))
    for key, bound in (selector.label_after or {}).items():
        said.append(dated(one, key, lambda first, last, bound=bound: first > limit(bound)))
    for at, before, after, age, within in (
        (
            one.created_at,
            selector.created_before,
            selector.created_after,
            selector.older_than,
            selector.newer_than,
        ),
        (
            one.updated_at,
            selector.updated_before,
            selector.updated_after,
            selector.not_updated_for,
            selector.updated_within,
        ),
    ):
        if within is not None:
            said.append(None if at is None else at > NOW - within)
        if before is not None:
            said.append(None if at is None else at < before)
        if after is not None:
            said.append(None if at is None else at > after)
        if age is not None:
            said.append(None if at is None else at < NOW - age)
    if False in said:
        return False
    return None if None in said else True


CHARACTERS = st.sampled_from(list("abAB01 .-_\n\té") + ["é", "😀", "\0", "*", "[", "]", "\\"])
NAMES = st.text(CHARACTERS, max_size=8) | st.sampled_from(
    ["", "abab", "ab\nab", "a", "é", "é", "ba 01", "ab", "abA"]
)
PIECES = st.sampled_from(
    ["*", "?", "**", "a", "b", "ab", "A", "0", " ", "é", "é", "\\*", "\\[", "\\\\", "\\a", "\n"]
    + [
        "[ab]",
        "[!a]",
        "[a-z]",
        "[!0-9a]",
        "[]a]",
        "[\\]]",
        "[a-]",
        "[!\\-b]",
        "[é]",
        ".",
        "+",
        "😀",
    ]
)
GLOBS = st.lists(PIECES, min_size=1, max_size=5).map("".join)
REGEXES = st.sampled_from(
    [
        "a.*",
        "(a|b)+",
        ".*b.*",
        "[^a]*",
        "^a",
        "b$",
        "(?i)AB.*",
        "a\\nb.*",
        "\\Aab\\z",
        "\\w+",
        "\\W*",
    ]
    + [
        "(?m)^a$",
        "\\Qa.b",
        "\\Qa\\E.*",
        "(?P<x>a).*",
        "(?P<x>b).*",
        "é.?",
        "\\s*",
        "(?s).*",
        "(?-s).*",
    ]
    + [
        "[\\s\\S]b",
        "\\C*",
        "ab|ba",
        "",
        "a*",
        "(ab){1,3}",
        "\\x{61}b?",
        "[[:^alpha:]]+",
        "\\bab\\b",
    ]
    + ["(?U)a.*", "(?i:a)b", "\\pL+", ".", "a.*b|.*0", "\\D*\\d"]
)
TIMES = st.sampled_from([datetime(2025, 1, day, tzinfo=UTC) for day in (1, 2, 3)] + [NOW])
AGES = st.sampled_from([timedelta(0), timedelta(days=300), NOW - datetime(2025, 1, 2, tzinfo=UTC)])
KEYS = st.sampled_from(["team", "b", "caf\u00e9", "cafe\u0301"])
BOUNDS = st.just("now") | TIMES
SELECTORS = st.builds(
    Selector,
    name=st.none() | GLOBS,
    name_regex=st.none() | REGEXES,
    status=st.none() | st.sampled_from([(Status.DRAFT,), (Status.SENT, Status.RUNNING)]),
    channel=st.none() | st.just(("sms",)),
    created_before=st.none() | TIMES,
    created_after=st.none() | TIMES,
    older_than=st.none() | AGES,
    updated_before=st.none() | TIMES,
    updated_after=st.none() | TIMES,
    not_updated_for=st.none() | AGES,
    newer_than=st.none() | AGES,
    updated_within=st.none() | AGES,
    labels=st.none()
    | st.just({"team": "x"})
    | st.just({"team": "x", "b": "y"})
    | st.just({"caf\u00e9": "cre\u0301me"}),
    label_before=st.none() | st.dictionaries(KEYS, BOUNDS, min_size=1),
    label_after=st.none() | st.dictionaries(KEYS, BOUNDS, min_size=1),
).filter(lambda one: one != Selector())
ACCOUNTS = st.sampled_from(["a", "b"])
IDS = st.sampled_from(["1", "2", "3", "x"])
QUESTIONS = (
    st.builds(Question, st.just("absent"), ACCOUNTS, id=IDS)
    | st.builds(Question, st.just("keep"), ACCOUNTS, name=NAMES)
    | st.builds(Question, st.just("protect"), ACCOUNTS, match=SELECTORS)
    | st.builds(glob, GLOBS)
    | st.builds(regex, REGEXES)
)
CAMPAIGNS = st.builds(
    Campaign,
    account=ACCOUNTS,
    id=IDS | st.uuids().map(str),
    name=NAMES,
    status=st.none() | st.sampled_from(Status),
    channel=st.none() | st.sampled_from(["sms", "push"]),
    created_at=st.none() | TIMES,
    updated_at=st.none() | TIMES,
    labels=st.none()
    | st.dictionaries(
        KEYS, st.sampled_from([*"xy", "cr\u00e9me", "cre\u0301me", *SPANS, "2025-02-30", "soon"])
    ),
)
RECORDS = st.lists(CAMPAIGNS, max_size=12, unique_by=lambda one: (one.account, one.id))


def expected(questions: Sequence[Question], records: Sequence[Campaign]) -> dict[int, list[object]]:
    found: dict[int, list[object]] = {}
    for index, one in enumerate(questions):
        said = [verdict(one, record) for record in records if record.account == one.account]
        found[index] = [said.count(True), said.count(None)]
    return found


def verdict(question: Question, record: Campaign) -> bool | None:
    if question.id is not None:
        return record.id == question.id
    if question.name is not None:
        return normalize("NFC", record.name) == normalize("NFC", question.name)
    assert question.match is not None
    return plain(question.match, record)


@settings(max_examples=400, deadline=None)
@given(st.lists(QUESTIONS, max_size=8), RECORDS, st.integers(1, 5))
def test_it_equals_a_plain_reading_of_the_contract(
    questions: list[Question], records: list[Campaign], size: int
) -> None:
    answers = ask(questions, records, by_name=["a"], size=size)
    for index, (found, lacking) in expected(questions, records).items():
        assert answers.found.get(index, 0) == found
        assert answers.lacking.get(index, 0) == lacking
    for record in records:
        asked = tuple(
            index
            for index, one in enumerate(questions)
            if one.account == record.account and verdict(one, record) is True
        )
        hit = answers.hits.get((record.account, record.id))
        assert (hit.asked if hit else ()) == asked
        assert hit is None or hit.campaign == record
    names = [normalize("NFC", one.name) for one in records if one.account == "a"]
    of_hits = {
        normalize("NFC", h.campaign.name) for (acc, _), h in answers.hits.items() if acc == "a"
    }
    assert answers.shared.get("a", frozenset()) == {n for n in of_hits if names.count(n) > 1}
    for account in ("a", "b"):
        unhit = [
            one
            for one in records
            if one.account == account and (account, one.id) not in answers.hits
        ]
        assert answers.unasked.get(account, ()) == tuple(unhit)


@settings(max_examples=150, deadline=None)
@given(st.lists(GLOBS, min_size=1, max_size=80), st.lists(NAMES, min_size=1, max_size=20))
@example(["*"], ["", "\n"])
@example(["?"], ["\n", "é", "é"])
def test_many_globs_at_once_match_what_each_matches_alone(
    globs: list[str], names: list[str]
) -> None:
    records = [campaign(name, str(number)) for number, name in enumerate(names)]
    answers = ask([glob(one) for one in globs], records, size=50)
    for record in records:
        name = normalize("NFC", record.name)
        asked = tuple(index for index, one in enumerate(globs) if plain_glob(one, name))
        hit = answers.hits.get(("a", record.id))
        assert (hit.asked if hit else ()) == asked


# ---------------------------------------------------------------- single facts


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        (
            "Diwali 2024 *",
            ["Diwali 2024 ", "Diwali 2024 teaser\nnext"],
            ["Diwali 2024", "diwali 2024 x"],
        ),
        ("a?c", ["abc", "a\nc", "aéc", "a😀c"], ["ac", "abbc", "Abc"]),
        ("[a-c]x", ["ax", "cx"], ["dx", "-x", "Ax"]),
        ("[!a-c]x", ["dx", "\nx", "éx"], ["ax", "x"]),
        ("[]x]", ["]", "x"], ["[", ""]),
        ("[a-]", ["a", "-"], ["b"]),
        ("\\*\\?\\[a]\\\\", ["*?[a]\\"], ["x?[a]\\"]),
        ("a.b+(c)", ["a.b+(c)"], ["axb+(c)", "a.bb(c)"]),
        ("*", ["", "x", "\n"], []),
        ("**a", ["a", "ba"], ["ab"]),
        ("é*", ["élan", "élan"], ["elan"]),
        ("caf\u0065\u0301", ["café", "café"], ["cafe"]),
    ],
)
def test_a_glob_covers_the_whole_name(pattern: str, yes: list[str], no: list[str]) -> None:
    assert matched(pattern, *yes, *no) == yes


@pytest.mark.parametrize("pattern", ["\\Aab\\z", "\\Qab", "(?m)^ab$", "(?-m)^ab$", "(?U)ab"])
def test_a_regex_that_speaks_of_the_text_s_ends_is_asked_of_each_name(pattern: str) -> None:
    records = [campaign(name, str(at)) for at, name in enumerate(["x", "ab", "y", "ab", "z"])]
    hits = ask([regex(pattern), regex("q.*")], records, size=5).hits
    assert set(hits) == {("a", "1"), ("a", "3")}


NFC, NFD = "Caf\u00e9 1", "Cafe\u0301 1"


@pytest.mark.parametrize("borne", [NFC, NFD], ids=["nfc", "nfd"])
@pytest.mark.parametrize("asked", [NFC, NFD], ids=["nfc", "nfd"])
def test_names_are_compared_in_nfc_in_every_form(asked: str, borne: str) -> None:
    """The record that is found is as it was: what is sent is the name that it bears."""
    forms = [
        Question("keep", "a", name=asked),
        glob(asked),
        glob(f"{asked[:-1]}*"),
        glob(f"*{asked[1:]}"),
        glob(f"{asked[:-1]}?"),
        regex(f"{asked[:-2]}.*"),
        regex(f".*{asked[1:]}"),
        regex(f"{asked[:-1]}1"),
    ]
    for one in forms:
        (hit,) = ask([one], [campaign(borne), campaign("Cafe 1", "2")]).hits.values()
        assert hit.campaign.name == borne, one


@pytest.mark.parametrize("borne", [NFC, NFD], ids=["nfc", "nfd"])
@pytest.mark.parametrize("asked", [NFC, NFD], ids=["nfc", "nfd"])
@pytest.mark.parametrize("role", ["absent", "keep"])
def test_where_the_id_is_a_name_it_is_compared_in_nfc_too(
    role: Any, asked: str, borne: str
) -> None:
    question = Question(role, "a", id=asked)
    record = campaign("n", id_=borne)
    assert set(ask([question], [record], by_name=["a"]).hits) == {("a", borne)}
    assert set(ask([question], [record]).hits) == ({("a", borne)} if asked == borne else set())


def test_both_name_conditions_must_hold() -> None:
    both = Question("absent", "a", match=Selector(name="Test *", name_regex=".*7"))
    records = [campaign("Test 7", "1"), campaign("Test 8", "2"), campaign("x 7", "3")]
    assert set(ask([both], records).hits) == {("a", "1")}


def test_a_record_that_fails_anyway_does_not_count_as_lacking() -> None:
    selector = Selector(status=(Status.DRAFT,), not_updated_for=timedelta(days=1))
    question = Question("absent", "a", match=selector)
    records = [
        campaign(id_="1", status=Status.DRAFT),
        campaign(id_="2", status=Status.SENT),
        campaign(id_="3"),
    ]
    answers = ask([question], records)
    assert answers.hits == {}
    assert answers.lacking == {0: 2}


def test_an_age_before_the_first_year_matches_nothing() -> None:
    question = Question("absent", "a", match=Selector(older_than=timedelta(days=999_999)))
    record = campaign(created_at=datetime(1, 1, 1, tzinfo=UTC))
    assert ask([question], [record]).hits == {}


def test_a_selector_without_any_condition_matches_nothing() -> None:
    assert ask([Question("absent", "a", match=Selector())], [campaign()]).hits == {}


def test_names_that_two_records_bear_are_found_in_whatever_order_they_come() -> None:
    records = [campaign("é", "1"), campaign("x", "2"), campaign("é", "3"), campaign("y", "4")]
    for order in (records, records[::-1]):
        for wanted in ("1", "3"):
            answers = ask([Question("absent", "a", id=wanted)], order, by_name=["a"], size=1)
            assert answers.shared == {"a": frozenset({"é"})}
    assert ask([Question("absent", "a", id="2")], records, by_name=["a"]).shared == {
        "a": frozenset()
    }


def test_a_second_pass_is_asked_for_only_when_a_hit_name_may_have_come_before() -> None:
    matcher = Matcher([Question("absent", "a", id="9")], now=NOW, by_name=["a"])
    matcher.feed([campaign(f"name {number}", str(number)) for number in range(50)])
    assert not matcher.again
    matcher.feed([campaign("name 3", "99"), campaign("name 9", "98")])
    assert not matcher.again  # name 9 was counted as it came
    again = Matcher([Question("absent", "a", id="99")], now=NOW, by_name=["a"])
    again.feed([campaign("name 3", "3"), campaign("name 3", "99")])
    assert again.again


def test_as_many_witnesses_as_wanted_are_kept_and_no_more() -> None:
    records = [campaign(id_=str(number)) for number in range(10)]
    answers = ask([Question("absent", "a", id="0")], records, spare=4)
    assert [one.id for one in answers.unasked["a"]] == ["1", "2", "3", "4"]
    assert ask([], records, spare=0).unasked == {"a": ()}


def test_a_set_too_large_to_compile_is_split_and_never_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(of_names, "_MEMORY", 1)
    monkeypatch.setattr(of_names, "_LEAST", 1 << 16)
    patterns = [f"(x|y){number}[a-z]{{200}}" for number in range(60)]
    records = [campaign(f"x{number}" + "q" * 200, str(number)) for number in range(60)]
    matcher = Matcher([regex(one) for one in patterns], now=NOW)
    assert matcher._patterns is not None
    assert len(matcher._patterns._closer["a"]._sets) > 1
    matcher.feed(records)
    assert matcher.finish().found == dict.fromkeys(range(60), 1)


def test_thousands_of_beginnings_one_inside_the_other_are_no_trouble() -> None:
    questions = [glob("a" * length + "*") for length in range(1, 1500)]
    answers = ask(questions, [campaign("a" * 1000)])
    assert len(answers.hits["a", "1"].asked) == 1000


def test_records_of_accounts_nobody_asks_about_are_spared() -> None:
    answers = ask([glob("x")], [campaign(account="b", id_="7")])
    assert answers.unasked["b"][0].id == "7"
