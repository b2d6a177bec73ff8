"""What is put into a spool is what comes out of it, wherever it lies meanwhile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
