"""Strict JSON, and the other small grammars drivers share."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.drivers import ids
from reconciler.drivers.shapes import instant
from reconciler.drivers.strictjson import NotJson, integer, mapping, parse, words
from reconciler.testing import broken_json


@pytest.mark.parametrize(("name", "body"), list(broken_json(b'{"status":"success"}')))
def test_what_is_not_plainly_json_is_nothing(name, body):
    with pytest.raises(NotJson):
        parse(body)
    assert mapping(body) is None


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a":1}', {"a": 1}),
        (b' {"a":[1.5,null,true]}\n', {"a": [1.5, None, True]}),
        (b'{"a":"\\ud83c\\udf86"}', {"a": "🎆"}),
        (b'{"a":{"a":1},"b":{"a":1}}', {"a": {"a": 1}, "b": {"a": 1}}),
    ],
)
def test_json_is_read(body, value):
    assert mapping(body) == value


@given(st.binary(max_size=80))
def test_any_bytes_are_a_value_or_not_json(body):
    try:
        parse(body)
    except NotJson:
        assert mapping(body) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [("a\n b\t", "a b"), ("x" * 300, "x" * 300), (None, "-"), (7, "-"), ("", "-")],
)
def test_a_vendors_words_are_one_line(value, text):
    assert words(value, "-") == text


def test_true_is_no_integer():
    assert (integer(7), integer(True), integer("7")) == (7, None, None)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2024-10-01T09:00:00", datetime(2024, 10, 1, 9, tzinfo=UTC)),
        ("2024-10-01T09:00:00Z", datetime(2024, 10, 1, 9, tzinfo=UTC)),
        ("2024-10-01T09:00:00+05:30", datetime(2024, 10, 1, 3, 30, tzinfo=UTC)),
        ("0001-01-01T00:00:00+05:30", None),
        ("soon", None),
        (1700000000, None),
        (None, None),
    ],
)
def test_times_are_aware_and_utc(text, time):
    assert instant(text) == time


@pytest.mark.parametrize("text", ["a", "A-z_0.9~", "..." * 3, "x" * 200])
def test_safe_segments(text):
    assert ids.in_path(text) is None


@given(st.text(max_size=5))
def test_a_safe_segment_is_ascii_and_stays_in_its_place(text):
    if ids.in_path(text) is None:
        assert text.isascii()
        assert text not in ("", ".", "..")
        assert not set(text) & set("/\\?#%& \r\n\t\x00")
