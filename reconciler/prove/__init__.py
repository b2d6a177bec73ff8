"""The audit log: a hash chain of what was done, the evidence cut from it, and its verification.

`chain` links records and appends them durably; `records` are what is recorded; `evidence` packs
one plan's share with everything it rests on; `verify` checks that offline. The formats are told
in docs/audit-format.md, completely.
"""
