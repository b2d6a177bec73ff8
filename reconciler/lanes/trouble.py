"""Errors that nobody expected: whose they are, and what is told of them."""

from pathlib import Path

from reconciler.lanes.journal import JournalFailed, LaneLost


def ends_the_run(error: BaseException) -> bool:
    """Whether no account may go on: the journal failed, or the process is to end.

    Everything else is the trouble of one account.
    """
    return isinstance(error, JournalFailed | LaneLost) or not isinstance(error, Exception)


def unexpected(error: BaseException) -> str:
    """What is told of an error that nobody expected: its kind and its place, never its text.

    Its text may quote what a vendor said, or a secret.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = ""
    if trace is not None:
        place = f" in {Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}"
    return f"{type(error).__name__}{place}, which nobody expected: please report it"
