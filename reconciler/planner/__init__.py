"""Absences x inventory x guards -> Plan. Pure: the clock is an argument, nothing is read or sent.

Two steps, so that the inventory may stream past a matcher in between: `questions` says what to ask
of every record, `plan` makes a plan of the answers. `apply` takes both again with today's files.
"""

from reconciler.planner.asked import Asked, Origin, questions
from reconciler.planner.making import items, plan

__all__ = ["Asked", "Origin", "items", "plan", "questions"]
