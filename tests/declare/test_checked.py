"""What a model says of its fields is what the file must hold; everything wrong is told at once."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, model_validator

from reconciler.declare.checked import validate
from reconciler.declare.strict import parse
from reconciler.driver import Credential, Reads, Settings


def _even(text: str) -> int:
    if not text.isdigit() or int(text) % 2:
        raise ValueError("is not even; write an even number")
    return int(text)


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


class Inner(Settings):
    key: Credential
    note: str = ""

    @model_validator(mode="after")
    def good(self) -> "Inner":
        if self.note == "bad":
            raise ValueError("has a bad note; write another")
        return self


class Own(Settings):
    """One field of every kind that a driver's settings may have."""

    optional: str | None = None
    text: str
    flag: bool = False
    whole: int = 0
    decimal: float = 0.0
    even: Annotated[int, Reads(_even), Field(ge=4, le=8)] | None = None
    mode: Literal["fast", "slow"] = "slow"
    size: Size = Size.SMALL
    short: Annotated[str, Field(min_length=2, max_length=3)] = "ab"
    form: Annotated[str, Field(pattern="^[a-z]+$")] = "a"
    share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    names: Annotated[list[str], Field(min_length=1)] = Field(default_factory=lambda: ["a"])
    modes: frozenset[Literal["fast", "slow"]] = frozenset()
    inner: Inner | None = None
    several: tuple[Inner, ...] = ()
    by_name: Mapping[str, Inner] = {}
    sizes: dict[Annotated[str, Field(max_length=3)], int] = {}
    day: date | None = None
    either: int | Literal["auto"] = 0
    anything: Any = None
    pair: tuple[str, str] = ("a", "b")


def read(text: str, *, echo: bool = True) -> tuple[Own | None, list[str]]:
    (document,), problems = parse(text.encode(), "f")
    assert problems == []
    found, told = validate(Own, document, "f", echo=echo)
    return found, [f"{one.line}:{one.column} {one.message} | {one.fix}" for one in told]


def test_each_kind_of_field_is_read_from_text() -> None:
    found, told = read(
        "optional: o\ntext: 'no'\nflag: true\nwhole: -12\ndecimal: 2.5\neven: 6\n"
        "mode: fast\nsize: large\nshort: abc\nform: xyz\nshare: 0.25\nnames: [x, 'y']\n"
        "modes: [slow, fast]\ninner: {key: {env: KEY}, note: x}\nseveral: [{key: {file: f}}]\n"
        "byName: {one: {key: {env: OTHER}}}\nsizes: {a: 1}\nday: 2026-12-31\neither: auto\n"
        "anything: {x: [1]}\npair: [c, d]\n"
    )
    assert told == []
    assert found == Own(
        optional="o",
        text="no",
        flag=True,
        whole=-12,
        decimal=2.5,
        even=6,
        mode="fast",
        size=Size.LARGE,
        short="abc",
        form="xyz",
        share=0.25,
        names=["x", "y"],
        modes=frozenset({"slow", "fast"}),
        inner=Inner(key=Credential(env="KEY"), note="x"),
        several=(Inner(key=Credential(file="f")),),
        by_name={"one": Inner(key=Credential(env="OTHER"))},
        sizes={"a": 1},
        day=date(2026, 12, 31),
        either="auto",
        anything={"x": ["1"]},
        pair=("c", "d"),
    )


def test_what_is_left_out_has_its_default() -> None:
    assert read("text: t") == (Own(text="t"), [])


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("text: [a]", "1:1 `text` must be text, not a list | write `a`, without brackets"),
        ("text: {a: b}", "1:1 `text` must be text, not a mapping | write text"),
        ("text:", "1:1 `text` is empty | give it a value"),
        ("flag: 'yes'", "1:7 `flag` is neither true nor false | write true or false"),
        ("flag: 1", "1:7 `flag` is neither true nor false | write true or false"),
        *[
            (
                f"whole: '{text}'",
                "1:8 `whole` is not a whole number | write it in plain digits, such as 20",
            )
            for text in ("", " 1", "010", "1_000", "0x1f", "1e3", "1.0", "\u0661", "1" * 19)
        ],
        *[
            (
                f"decimal: '{text}'",
                "1:10 `decimal` is not a number | write it in plain digits, such as 2.5",
            )
            for text in ("", "nan", "inf", "1e3", "1_0", ".5", "5.", "01.5")
        ],
        ("even: 5", "1:7 `even` is not even | write an even number"),
        ("even: 2", "1:7 `even` must be at least 4 | write 4 or more"),
        ("even: 10", "1:7 `even` must be at most 8 | write 8 or less"),
        ("even: [6]", "1:1 `even` must be text, not a list | write `6`, without brackets"),
        (
            "mode: fats",
            "1:7 `mode` cannot be `fats` | did you mean `fast`? It is one of: fast, slow",
        ),
        ("mode: [fast]", "1:1 `mode` cannot be this | write one of: fast, slow"),
        ("size: huge", "1:7 `size` cannot be `huge` | write one of: small, large"),
        ("short: a", "1:8 `short` must be at least 2 long | write 2 or more"),
        ("short: abcd", "1:8 `short` must be at most 3 long | write 3 or less"),
        ("short: ''", "1:8 `short` is empty | write text, or leave the key out"),
        ("form: Ab", "1:7 `form` does not match ^[a-z]+$ | write text of that form"),
        ('form: "a\\n"', "1:7 `form` does not match ^[a-z]+$ | write text of that form"),
        ("share: 0", "1:8 `share` must be more than 0 | write more than 0"),
        ("share: 1", "1:8 `share` must be less than 1 | write less than 1"),
        ("names: []", "1:1 `names` is empty | write at least one, or leave the key out"),
        ("names: a", "1:8 `names` must be a list, not text | write `[a]`"),
        (
            "names: [a, ]\nmodes: [fast, {}]",
            "2:15 `modes[1]` cannot be this | write one of: fast, slow",
        ),
        ("names: [a, ~, {}]", "1:15 `names[2]` must be text, not a mapping | write text"),
        ("inner: x", "1:8 `inner` must be a mapping, not text | write a mapping"),
        ("inner: {}", "1:1 `key` is missing in `inner` | add `key: ...`"),
        ("byName: []", "1:1 `byName` must be a mapping, not a list | write a mapping"),
        ("byName: {a: }", "1:10 `byName.a` is empty | give it a value, or leave the key out"),
        ("sizes: {long: 1}", "1:9 `long` must be at most 3 long | write 3 or less"),
        (
            "sizes: {a: x}",
            "1:12 `sizes.a` is not a whole number | write it in plain digits, such as 20",
        ),
        (
            "inner: {key: {env: K}, note: bad}",
            "1:1 `inner` has a bad note | write another",
        ),
        (
            "pair: [a, b, c]",
            "1:1 `pair` must be at most 2 long | write 2 or less",
        ),
        (
            "pair: [a]",
            "1:1 `pair` has too few items | write 2 or more",
        ),
        (
            "inner: {kye: {env: K}}",
            "1:9 unknown key `kye` | did you mean `key`?",
        ),
        (
            "day: tomorrow",
            "1:6 `day` is not a date | write it as 2026-12-31",
        ),
    ],
)
def test_what_is_wrong_is_told_once_in_its_place(written: str, said: str) -> None:
    text = written if written.startswith("text:") else f"{written}\ntext: t"
    found, told = read(text)
    assert found is None
    assert told == [said]


def test_everything_wrong_is_told_at_once() -> None:
    found, told = read("mode: f\nwhole: x\nseveral: [{key: plain}, {note: []}]\nunknown: 1\n")
    assert found is None
    assert [one.partition(" | ")[0] for one in told] == [
        "1:7 `mode` cannot be `f`",
        "2:8 `whole` is not a whole number",
        "3:17 `several[0].key` must say where the secret is, and never hold it",
        "3:26 `several[1].note` must be text, not a list",
        "3:25 `key` is missing in `several[1]`",
        "4:1 unknown key `unknown`",
        "1:1 `text` is missing",
    ]


@pytest.mark.parametrize(
    "written",
    [
        "mode: s3cret",
        "whole: s3cret",
        "day: s3cret",
        "even: s3cret",
        "size: s3cret",
        "short: s3cret",
        "form: s3cret!",
        "inner: {key: s3cret}",
        "inner: {key: {env: s3cret!}}",
        "inner: s3cret",
        "either: s3cret",
    ],
)
def test_without_echo_no_message_quotes_a_value(written: str) -> None:
    found, told = read(f"{written}\ntext: t", echo=False)
    assert found is None
    assert len(told) == 1
    assert "s3cret" not in told[0]


def test_settings_point_to_what_the_driver_says_of_itself() -> None:
    _, told = read("either: s3cret\ntext: t", echo=False)
    assert told == ["1:9 `either` is not right | write what the driver says (`reconciler drivers`)"]


def test_a_key_that_was_refused_already_is_not_said_to_be_missing() -> None:
    (document,), problems = parse(b"{text: t, text: u, mode: fast, &a text: v}", "f")
    assert problems != []
    _, told = validate(Own, document, "f")
    assert [one.message for one in told] == []
