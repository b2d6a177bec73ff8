"""`approve`: the bytes of a plan are signed where that counts, and nothing is written else."""

import subprocess
from pathlib import Path

import pytest

import reconciler

RULE = "  guards: {approvals: {required: 1, above: 0, allowedSigners: allowed_signers}}\n"


@pytest.fixture
def key(root: Path, tmp_path: Path) -> Path:
    """The private key of the one allowed signer."""
    place = tmp_path / "key"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(place)]
    subprocess.run(command, check=True)
    public = place.with_suffix(".pub").read_text()
    (root / "allowed_signers").write_text(f"ann@acme.example {public}")
    project = root / "reconciler.yaml"
    project.write_text(project.read_text() + RULE)
    return place


def test_a_signature_lies_beside_the_plan(
    project: reconciler.Project, root: Path, key: Path
) -> None:
    plan = project.plan(author="bob@acme.example")
    plan.write(root / "plan.json")
    made = project.approve(plan, key=key)
    assert made is not None
    assert made.path == root / "plan.json.ann@acme.example.sig"
    assert made.path.read_bytes().startswith(b"-----BEGIN SSH SIGNATURE-----")
    assert (made.principal, made.required) == ("ann@acme.example", 1)
    assert (made.approved_by, made.rejected) == (("ann@acme.example",), ())


def test_nothing_is_signed_that_is_not_agreed_to(
    project: reconciler.Project, root: Path, key: Path
) -> None:
    project.plan(author="bob@acme.example").write(root / "plan.json")
    assert project.approve(root / "plan.json", key=key, agreed=lambda: False) is None
    assert list(root.glob("*.sig")) == []


def test_what_would_not_count_is_refused(
    project: reconciler.Project, root: Path, key: Path
) -> None:
    plan = project.plan(author="ann@acme.example")
    with pytest.raises(reconciler.Usage, match="in no file"):
        project.approve(plan, key=key)
    plan.write(root / "plan.json")
    with pytest.raises(reconciler.NotAllowed, match="the author of the plan"):
        project.approve(plan, key=key)
    assert list(root.glob("*.sig")) == []
