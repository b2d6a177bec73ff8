"""What a glance at many ids shows is what each of them is told by itself."""

from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.drivers import ids
from reconciler.model import Campaign

TEXT = st.text(st.sampled_from("aZ0._~-/ é\n\x00"), max_size=4)


@given(some=st.lists(TEXT, min_size=1, max_size=4))
@example(["."])
@example(["a" * 201])
@example(["a", ""])
def test_ids_that_a_glance_clears_are_safe_one_by_one(some: list[str]) -> None:
    for unsafe in (ids.path_id, ids.body_id, ids.ByIdOrMessages(ids.in_body)):
        for parts in (None, (), ("/",)):
            made = [Campaign(account="a", id=one, name="n", message_ids=parts) for one in some]
            assert not unsafe.clear(some) or not any(unsafe(None, one, None) for one in made)


def test_plain_ids_are_cleared() -> None:
    assert ids.path_id.clear(["a1", "orchestration_06-x~", "b" * 200])
