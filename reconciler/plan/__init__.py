"""Absences x inventory x guards -> Plan. Pure: the clock is an argument, nothing is read or sent.

Two steps, so that the inventory may stream past a matcher in between: `asked.questions` says what
to ask of every record, `planner.plan` makes a plan of the answers. `apply` takes both again with
today's files.
"""
