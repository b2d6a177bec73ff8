"""What is put into a spool is what comes out of it, wherever it lies meanwhile."""

import resource
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import ReconcilerError
from reconciler.plan import spool as module
from reconciler.plan.spool import Spool

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


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file of this process may be larger than 1.5 MiB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3 << 19, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_cannot_be_written_is_told_by_whatever_needs_it(small_files: None) -> None:
    spool = Spool()
    spool.write(bytes(1 << 20))
    assert len(spool.read(0, 10)) == 10  # that has arrived
    spool.write(bytes(1 << 20))  # written beside us: nobody has noticed yet
    for _ in range(2):
        with pytest.raises(ReconcilerError, match="cannot write a temporary file.*TMPDIR"):
            spool.read(0, 10)
    with pytest.raises(ReconcilerError, match="make room"):
        spool.write(bytes(1 << 20))


def test_forgetting_a_spool_gives_its_file_back_once_that_is_written() -> None:
    threads = set(threading.enumerate())
    spool = Spool()
    spool.write(bytes(2 << 20))
    file = spool.file()
    assert file is not None
    assert not file.closed
    spool.write(bytes(8 << 20))
    (beside,) = set(threading.enumerate()) - threads
    del spool
    beside.join(30)
    assert not beside.is_alive()
    assert file.closed
