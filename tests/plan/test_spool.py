"""What is put into a spool is what comes out of it, wherever it lies meanwhile."""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.plan import spool as module
from reconciler.plan.spool import Lines, LineSink, Spool, Twice

STEP = st.one_of(
    st.tuples(st.just("write"), st.binary(max_size=12)),
    st.tuples(st.just("begin"), st.binary(max_size=5)),
    st.tuples(st.just("cut"), st.integers(0, 3)),
    st.tuples(st.just("file"), st.none()),
)


@given(steps=st.lists(STEP, max_size=12), start=st.integers(0, 40), end=st.integers(0, 40))
def test_a_spool_is_the_bytes_that_were_put_into_it(
    steps: list[tuple[str, object]], start: int, end: int
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "_LITTLE", 8)
        patched.setattr(module, "_PART", 3)
        spool, head, body = Spool(), b"", b""
        for what, given_ in steps:
            if isinstance(given_, bytes) and what == "write":
                spool.write(given_)
                body += given_
            elif isinstance(given_, bytes):
                spool.begin(given_)
                head = given_ + head
            elif isinstance(given_, int) and given_ <= len(body):
                spool.cut(given_)
                body = body[: len(body) - given_]
            elif what == "file" and (file := spool.file()) is not None:
                assert file.read() == head + body
                head, body = b"", head + body
        every = head + body
        assert len(spool) == len(every)
        assert spool.read() == b"".join(spool.parts()) == every
        assert (
            spool.read(min(start, end), max(start, end)) == every[min(start, end) : max(start, end)]
        )


def numbers(values: list[int]) -> Lines[int]:
    sink = LineSink[int](lambda some: [b"%d\n" % one for one in some], _read)
    sink.add(*values)
    return sink.done()


def _read(text: bytes) -> list[int]:
    return list(map(int, text.split()))


@given(
    one=st.lists(st.integers(0, 9), max_size=60),
    other=st.lists(st.integers(0, 9), max_size=60),
    ahead=st.integers(0, 60),
)
def test_two_that_read_the_same_lines_each_get_all_of_them(
    one: list[int], other: list[int], ahead: int
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "_BLOCK", 3)
        patched.setattr(module, "_APART", 2)
        for mine, yours in ((one, other), (one, one)):
            twice = Twice(_read)
            first, second = iter(twice.of(numbers(mine))), iter(twice.of(numbers(yours)))
            found = list(islice(first, ahead))
            assert list(second) == yours
            assert found + list(first) == mine


def test_a_block_that_two_read_is_read_once() -> None:
    read: list[bytes] = []

    def decode(text: bytes) -> list[int]:
        read.append(text)
        return _read(text)

    values = list(range(2_000))
    twice = Twice(decode)
    assert list(zip(twice.of(numbers(values)), twice.of(numbers(values)), strict=True)) == [
        (one, one) for one in values
    ]
    assert len(read) == len(set(read))
    assert twice.of(values) is values
