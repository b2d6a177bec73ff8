"""What an answer means: only the documented success is a deletion."""

from typing import get_args

from msgspec import structs

from reconciler.driver import Absent, Answer, Throttled, Unauthorised, Verdict
from reconciler.testing.common import arbitrary, deletes, judged, said
from reconciler.testing.example import Example
from reconciler.testing.lies import twisted


def documented_successes_are_deletions(example: Example) -> None:
    """Each answer that the vendor documents as a success is one."""
    assert example.successes, "the example names no success"
    for answer in example.successes:
        assert example.documented(answer), f"the example contradicts itself: {said(answer)}"
        verdict = judged(example, answer)
        assert deletes(verdict), f"{said(answer)} became {verdict}"


def nothing_else_is_a_deletion(example: Example) -> None:
    """No other answer is: neither a lie that looks like a success nor random bytes."""
    for success in example.successes:
        for name, answer in twisted(success):
            if deletes(judged(example, answer)):
                assert example.documented(answer), f"{name} became a deletion"
    for answer in arbitrary(example):
        if deletes(judged(example, answer)):
            assert example.documented(answer), f"{said(answer)} became a deletion"


def nothing_odd_is_an_absence(example: Example) -> None:
    """Only a documented 2xx or 4xx may say that a target does not exist; no redirect, no 5xx."""
    for success in example.successes:
        for name, answer in twisted(success):
            if isinstance(judged(example, answer), Absent):
                assert 200 <= answer.status < 500, f"{name} became an absence"
                assert not 300 <= answer.status < 400, f"{name} became an absence"


def an_answer_about_another_target_is_no_deletion(example: Example) -> None:
    """Where a success names its target, one that names another is none."""
    item = example.batch[0]
    for wanted in {item.target.id, item.target.part or item.target.id}:
        for success in example.successes:
            other = success.body.replace(wanted.encode(), b"another-" + wanted.encode()[:20])
            if other == success.body:
                continue
            answer = structs.replace(success, body=other)
            assert not deletes(judged(example, answer)), f"{said(answer)} is a deletion"


def any_bytes_have_a_verdict(example: Example) -> None:
    """Whatever is answered, `judge` returns a verdict and raises nothing."""
    for answer in arbitrary(example):
        verdict: object = example.driver.judge(example.session, example.batch, answer)
        assert isinstance(verdict, get_args(Verdict)), f"{said(answer)} became {verdict!r}"


def no_verdict_tells_a_secret(example: Example) -> None:
    """What a verdict says holds no secret of the account."""
    for answer in arbitrary(example):
        assert "s3cr3t-" not in repr(judged(example, answer)), f"after {said(answer)}"


def judge_and_gate_agree(example: Example) -> None:
    """`gate` knows throttling (429 at least) and bad credentials, and `judge` says the same."""
    for answer in arbitrary(example):
        gate = example.driver.gate(answer)
        assert gate is None or isinstance(gate, Throttled | Unauthorised), f"{gate!r} is no gate"
        if gate is not None:
            verdict = judged(example, answer)
            same = verdict is None or type(verdict) is type(gate)
            assert same, f"{said(answer)}: {gate}, but {verdict}"
            if isinstance(gate, Throttled):
                assert gate.wait > 0, "a wait of no time"
    assert isinstance(example.driver.gate(Answer(429, {}, b"")), Throttled), "429 is a throttle"
