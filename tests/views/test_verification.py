"""What a check of evidence came to, for people and programs."""

import json
import re

from reconciler.prove.proofs import Proven, Verified
from reconciler.views import verification

PROVEN = Proven(
    plan="sha256:0",
    project="acme",
    records=1,
    runs=1,
    targets=1,
    outcomes={"deleted": 1},
    approved_by=("ann@acme.example",),
    notes=(),
)


def test_every_key_is_written_as_everywhere() -> None:
    for found in (PROVEN, Verified(records=1, first=1, last=1, hash="0")):
        keys = json.loads(verification.as_json(found))
        assert [key for key in keys if not re.fullmatch("[a-z]+([A-Z][a-z]+)*", key)] == []
    assert json.loads(verification.as_json(PROVEN))["approvedBy"] == ["ann@acme.example"]
