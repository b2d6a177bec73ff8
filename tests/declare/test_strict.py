"""YAML and JSON are read strictly: exact text or a placed error, whatever the bytes."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.declare.strict import MAX_BYTES, Loc, Value, parse, parse_json, reads_otherwise
from reconciler.errors import Diagnostic

ODD = [
    "y",
    "N",
    "0123",
    "12:30:45",
    "1_000",
    "no",
    "1.10",
    "2024-01-01",
    "~",
    "null",
    "1e3",
    "0o17",
    ".5",
]
EVEN = ["123", "0", "-5", "1.5", "abc", "orchestration_06", "918187867008", "nope"]


def value(text: str) -> object:
    documents, problems = parse(text.encode(), "f.yaml")
    assert problems == []
    return documents[0].value


def problems(data: str | bytes) -> list[Diagnostic]:
    return parse(data.encode() if isinstance(data, str) else data, "f.yaml")[1]


@pytest.mark.parametrize(
    "text",
    [
        "0123",
        "12:30:45",
        "1_000",
        "no",
        "yes",
        "on",
        "1.10",
        "2024-01-01",
        "~",
        "null",
        "0x1F",
        "1e3",
        ".inf",
        "=",
        "0o17",
        "+1",
        "123",
    ],
)
def test_a_plain_scalar_is_the_text_that_was_written(text: str) -> None:
    assert value(f"id: {text}") == {"id": text}


def test_a_quoted_scalar_is_its_content() -> None:
    assert value("a: 'it''s'\nb: \"x\\u00e9\"") == {"a": "it's", "b": "xé"}


def test_an_empty_plain_value_is_none_and_an_empty_quoted_one_is_text() -> None:
    assert value("a:\nb: ''") == {"a": None, "b": ""}


def test_a_block_scalar_keeps_its_lines() -> None:
    assert value("a: |\n  x\n  y\n") == {"a": "x\ny\n"}


def test_a_byte_order_mark_and_crlf_change_nothing() -> None:
    documents, found = parse(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", "f")
    assert found == []
    assert documents[0].value == {"a": "1", "b": "2"}
    assert documents[0].place(("b",)) == (2, 4)


def test_several_documents_are_read() -> None:
    documents, found = parse(b"a: 1\n---\nb: 2\n", "f")
    assert [one.value for one in documents] == [{"a": "1"}, {"b": "2"}]
    assert found == []


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("a: &x 1", "anchor", (1, 4)),
        ("a: *x", "alias", (1, 4)),
        ("b: 1\n<<: {a: 1}", "merge-key", (2, 1)),
        ("a: !!str 1", "tag", (1, 4)),
        ("a: !!python/object:os.system x", "tag", (1, 4)),
        ("%TAG ! tag:x,2000:\n---\na: 1", "tag", (1, 1)),
        ("a: 1\nb: 2\na: 3", "duplicate-key", (3, 1)),
        ("? [a]\n: b", "key", (1, 3)),
        ("a: 1\n: 2", "yaml", (2, 1)),
        ("a: [1, 2", "yaml", (1, 4)),
        ("a: 'x", "yaml", (1, 4)),
        ("a: b: c", "yaml", (1, 5)),
        ("a:\n\t- b", "yaml", (2, 1)),
        ("\ta: b", "yaml", (1, 1)),
        ("a: @x", "yaml", (1, 4)),
        ('a: "\\q"', "yaml", (1, 5)),
        ('a: "x\\0"', "character", (1, 4)),
        ("a: b\x00c", "character", (1, 5)),
        ("a: b\x07c", "character", (1, 5)),
        ("a: b\u2028c", "character", (1, 5)),
        ("a: b\ufeffc", "character", (1, 5)),
        ("a:\n" + "- " * 25 + "x", "too-deep", (2, 39)),
        ("[" * 500, "too-deep", (1, 21)),
    ],
)
def test_what_makes_yaml_surprising_is_refused_at_its_place(
    text: str, code: str, place: tuple[int, int]
) -> None:
    found = problems(text)
    assert (found[0].code, (found[0].line, found[0].column)) == (code, place)
    assert found[0].fix


def test_bytes_that_are_not_utf_8_are_placed() -> None:
    (found,) = problems(b"a: 1\nb: x\xff\n")
    assert (found.code, found.line, found.column) == ("encoding", 2, 5)


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf_16_and_32_are_refused_with_the_fix(coding: str) -> None:
    (found,) = problems("a: 1\n".encode(coding))
    assert (found.code, found.fix) == ("encoding", "save it as UTF-8")


def test_a_file_that_is_too_large_is_refused_unread() -> None:
    (found,) = problems(b"a" * (MAX_BYTES + 1))
    assert found.code == "too-large"


def test_all_errors_of_a_file_are_told_across_its_documents() -> None:
    found = problems("a: &x 1\nb: *x\nc: {d: 1, d: 2}\n---\nx: [\n---\ny: !!str z\n---\na: 'b")
    assert [(one.line, one.code) for one in found] == [
        (1, "anchor"),
        (2, "alias"),
        (3, "duplicate-key"),
        (6, "yaml"),
        (7, "tag"),
        (9, "yaml"),
    ]


def test_a_flood_of_errors_is_cut_and_the_cut_is_said() -> None:
    found = problems("".join(f"k{n}: &a x\n" for n in range(500)))
    assert len(found) == 51
    assert found[-1].message == "and 450 more errors like these"
    assert (found[-1].line, found[-1].column) == (501, 1)  # below all that it counts on from
    found = problems("\x01" * 500)
    assert found[-1].message == "and 450 more characters like these"
    assert all(one.fix for one in found)


@pytest.mark.parametrize("text", ["a: *s3cr3t", "a: &s3cr3t", "a: &s3cr3t x"])
def test_the_name_of_an_anchor_or_alias_may_be_a_secret_and_is_not_quoted(text: str) -> None:
    assert not any("s3cr3t" in str(one) for one in problems(text))


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n" * 20,
        "{" * 1000,
        "- " * 500,
        "? " * 500,
        "---\n]\n" * 160,
        "a: '" + "\\" * 1000,
        "%" * 1000,
        "a: >" + "9" * 1000,
        "!" * 1000,
        "&" * 1000,
        ": " * 500,
    ],
)
def test_a_hostile_kilobyte_is_refused_and_never_expanded(text: str) -> None:
    assert problems(text)


def everywhere(value: Value, loc: Loc = ()) -> Iterator[Loc]:
    """The place of every value inside *value*."""
    yield loc
    inside = value.items() if isinstance(value, dict) else enumerate(value or ())
    for step, inner in () if isinstance(value, str) else inside:
        yield from everywhere(inner, (*loc, step))


@given(
    st.binary(max_size=300) | st.text("ab:-[]{}&*!|>'\"%@#\n\t ,?0\ufeff\u2028\r").map(str.encode)
)
@example(b"a: 'x\n\n")
@example(b"a: [\n")
@example(b"\xef\xbb\xbf---\n]")
def test_parse_never_raises_and_its_places_lie_inside_the_file(data: bytes) -> None:
    documents, found = parse(data, "f")
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    lines = re.split(r"\r\n|\r|\n", text)
    places = [(one.line, one.column) for one in found if one.line]
    for document in documents:
        for loc in everywhere(document.value):
            places += [document.place(loc), document.place(loc, key=True), document.blame(loc)]
        places += [place for _, _, place, _ in document.odd()]
        places.append((document.line, 1))
    for line, column in places:
        assert 1 <= line <= len(lines)
        assert column is not None
        assert 1 <= column <= len(lines[line - 1]) + 1


@pytest.mark.parametrize(
    ("text", "odd"), [*((text, True) for text in ODD), *((text, False) for text in EVEN)]
)
def test_what_yaml_itself_would_read_as_another_value(text: str, odd: bool) -> None:
    assert reads_otherwise(text) is odd


def test_json_is_read() -> None:
    assert parse_json(b'{"a": [1, "\\u00e9\\ud83d\\ude00"]}', "f") == ({"a": [1, "é😀"]}, [])
    assert parse_json(b"[" * 200 + b"]" * 200 + b" ", "f")[1] == []
    assert parse_json(b'["' + b"[" * 500 + b'"]', "f")[1] == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"a": 1,\n "a": 2}', (2, 2)),
        ('{"a": {"b": 1}, "c": {"b": 1, "b": 2}}', (1, 31)),
        ('{"a": 1, "\\u0061": 2}', (1, 10)),
        ('{"a": "{\\"a\\"", "a": NaN}', (1, 17)),
        ("[1,\n NaN]", (2, 2)),
        ("[-Infinity]", (1, 2)),
        ('{"a": }', (1, 7)),
        ("", (1, 1)),
        ("[" * 100_000, (1, 1)),
        ("[" * 201 + "]" * 201, (1, 1)),
        ("[1", (1, 3)),
    ],
)
def test_json_that_is_wrong_is_placed(text: str, place: tuple[int, int]) -> None:
    got, found = parse_json(text.encode(), "f")
    assert got is None
    assert (found[0].line, found[0].column) == place


@pytest.mark.parametrize("text", ['["\\ud800"]', "9" * 5000])
def test_json_that_no_text_or_number_holds_is_refused(text: str) -> None:
    assert [one.severity for one in parse_json(text.encode(), "f")[1]] == ["error"]


@given(st.binary(max_size=200) | st.text('{}[]",:\\u1naN \n').map(str.encode))
def test_parse_json_never_raises(data: bytes) -> None:
    parse_json(data, "f")


@pytest.mark.parametrize(
    "text",
    [
        'a: "\\ud800"',
        'a: "\\xzz"',
        'a: "\\q"',
        "[" * 3000,
        "%YAML 9.9\n---\na: 1",
        "%FOO\n---\na: 1",
        "a: |9x\n  q",
        "a: |\n\tq",
        '"a" "b"',
        "'a\n---\n'",
        "a: *foo*",
        "a: [A-Z]*",
        "a: {name: *}",
        "a: &",
        "a: ? b",
        "a: !foo{x",
        "a: !x!y z",
        "a: !<foo",
        "a: !foo%zz b",
        "a: |0\n  b",
        "%\n---\na: 1",
        "%YAML x\n---\na: 1",
        "%YAML 1.1\n%YAML 1.1\n---\na: 1",
        "%TAG\n---\na: 1",
    ],
)
def test_what_the_parser_refuses_is_told_in_our_words(text: str) -> None:
    _, (first, *_) = parse(text.encode(), "x.yaml")
    assert first.message != "this is no YAML"
    assert first.fix


@pytest.mark.parametrize(
    ("text", "place", "fix"),
    [
        ("a:\n  - name: *foo*\n", (2, 11), 'put the whole text in quotes, such as "*text*"'),
        ("a:b\nc: 1\n", (1, 3), "write `a: ...`"),
        ("x:\n  - a:b\n    c: 1\n", (2, 7), "write `a: ...`"),
        (
            "a:\n<<<<<<< HEAD\n  - b\n=======\n  - c\n>>>>>>> x\n",
            (2, 1),
            "keep what is right, and take these marks out",
        ),
        ("a: http://b\nc: 1: 2\n", (2, 5), "put a text that holds `: ` in quotes, or mend the"
         " indentation"),
    ],
)  # fmt: skip
def test_what_the_parser_sees_too_late_is_told_where_it_is(
    text: str, place: tuple[int, int], fix: str
) -> None:
    (found,) = problems(text)
    assert (found.line, found.column) == place
    assert found.fix == fix


def test_a_text_that_was_taken_for_a_tag_is_one_mistake() -> None:
    (document,), (found,) = parse(b"a: !important\n", "f.yaml")
    assert found.message == "a tag is not allowed"
    assert document.refused(("a",))
