"""The suite: the clauses in their order, and a check for each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from reconciler.testing.clauses import answers, flows, itself, requests
from reconciler.testing.example import Example

CLAUSES: Final[tuple[Callable[[Example], None], ...]] = (
    itself.it_describes_itself,
    itself.its_settings_are_strict,
    itself.its_base_url_has_no_path_and_is_https,
    itself.it_imports_nothing_that_sends_or_tells_the_time,
    requests.equal_input_gives_an_equal_request,
    requests.a_request_can_be_shown_before_any_secret_was_read,
    requests.no_secret_shows_in_a_request,
    requests.a_request_is_fit_for_the_wire,
    requests.a_request_names_its_target,
    requests.a_shared_request_names_each_of_its_targets,
    requests.hostile_ids_stay_out_of_the_path,
    requests.every_target_is_in_exactly_one_request,
    requests.halves_of_a_request_are_requests,
    answers.documented_successes_are_deletions,
    answers.nothing_else_is_a_deletion,
    answers.nothing_odd_is_an_absence,
    answers.an_answer_about_another_target_is_no_deletion,
    answers.any_bytes_have_a_verdict,
    answers.no_verdict_tells_a_secret,
    answers.judge_and_gate_agree,
    flows.flows_end_whatever_is_answered,
    flows.flow_requests_are_fit_to_be_shown,
    flows.a_failed_listing_is_never_complete,
    flows.a_documented_listing_is_read_whole,
    flows.a_torn_listing_is_never_complete,
    flows.a_failed_look_is_never_a_sure_absence,
    flows.a_look_shows_the_target_it_was_asked_for,
)


@dataclass(frozen=True, slots=True)
class Check:
    """One clause for one driver: its *name*, the clause in *words*; call it."""

    name: str
    words: str
    run: Callable[[Example], None]
    example: Example

    def __call__(self) -> None:
        try:
            self.run(self.example)
        except Exception as error:
            held = isinstance(error, AssertionError)
            seen = str(error) if held else f"{type(error).__name__} was raised: {error}"
            raise AssertionError(f"{self.name}: {seen}\nThe clause: {self.words}") from error

    def __str__(self) -> str:
        return f"{self.example.driver.name}: {self.name}"


def conformance(example: Example) -> list[Check]:
    """A check for each clause, for `pytest.mark.parametrize`."""
    return [
        Check(clause.__name__.replace("_", " "), _words(clause), clause, example)
        for clause in CLAUSES
    ]


def _words(clause: Callable[[Example], None]) -> str:
    return " ".join((clause.__doc__ or "").split())
