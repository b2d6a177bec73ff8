"""A pull request played through: plan, comment, approval, merge, on a stand-in of GitHub."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox import serve
from tests.support.apply_site import KEYS, Site
from tests.support.github_host import OURS, READS, WRITES, CodeHostState, app, digest_of

FIRST, SECOND, MERGE = "1" * 40, "2" * 40, "3" * 40


@dataclass
class PullRequest:
    """A checkout, a pull request at the stand-in, and the jobs that run for it."""

    site: Site
    host: CodeHostState
    url: str
    patch: pytest.MonkeyPatch
    root: Path
    number: int = 7
    owner: str = "acme"
    head: str = FIRST
    output: dict[str, str] = field(default_factory=dict)

    @property
    def artifact(self) -> Path:
        return self.root / "artifact"

    def plan_job(self) -> int:
        """What the plan job does: no credential, no token; what it made is kept."""
        shutil.rmtree(self.artifact, ignore_errors=True)
        self.artifact.mkdir()
        for name in (*KEYS, "GITHUB_TOKEN"):
            self.patch.delenv(name, raising=False)
        self.patch.setenv("RECONCILER_COMMIT", self.head)
        validation = str(self.artifact / "validation.json")
        code = self.site.run("validate", "--report", f"json={validation}")
        if code == 0:
            code = self.site.run("plan", "--out", str(self.artifact / "plan.json"))
            (self.artifact / "plan.err").write_text(self.site.err)
        return code

    def comment_job(self, *options: str, token: str = WRITES, head: str | None = None) -> int:
        """What the job with the token does, in the base repository, for the run of another."""
        run = {
            "head_sha": head or self.head,
            "head_branch": "cleanup",
            "head_repository": {"owner": {"login": self.owner}},
            "html_url": "https://github.com/acme/messaging/actions/runs/41",
        }
        return self.job({"workflow_run": run}, token, "comment", str(self.artifact), *options)

    def apply_job(self) -> tuple[int, dict[str, str]]:
        """What the job of the environment does after the merge; exit code of `apply`."""
        for name, value in KEYS.items():
            self.patch.setenv(name, value)
        assert self.job({"after": MERGE}, READS, "reviewed", "plan.json") == 0, self.site.err
        outputs = self.output
        if outputs["run"]:
            shutil.copy(self.artifact / "plan.json", self.site.root / "plan.json")
        else:
            self.site.run("plan", "--out", "plan.json")
        by = ["--requested-by", outputs["author"]] if outputs["author"] else []
        return self.site.apply("--yes", "--first-run", *by), outputs

    def job(self, event: dict[str, Any], token: str, *command: str) -> int:
        (self.root / "event.json").write_text(json.dumps(event))
        (self.root / "output").write_text("")
        for name, value in {
            "GITHUB_API_URL": self.url,
            "GITHUB_REPOSITORY": "acme/messaging",
            "GITHUB_EVENT_PATH": str(self.root / "event.json"),
            "GITHUB_OUTPUT": str(self.root / "output"),
            "GITHUB_TOKEN": token,
        }.items():
            self.patch.setenv(name, value)
        code = self.site.run("github", *command)
        lines = (self.root / "output").read_text().splitlines()
        self.output = dict(one.split("=", 1) for one in lines)
        assert token not in self.site.out + self.site.err
        return code

    def merge(self) -> None:
        (pull,) = self.host.pulls
        pull.update(state="closed", merged_at="2026-11-20T09:00:00Z", merge_commit_sha=MERGE)

    def ours(self) -> dict[str, Any]:
        (found,) = self.host.by(OURS)
        return found


@pytest.fixture
def pull(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PullRequest]:
    site.leave("push")
    site.write()
    host = CodeHostState()
    host.pull(7, "acme", "cleanup", FIRST)
    for name in [one for one in os.environ if one.startswith("GITHUB_")]:
        monkeypatch.delenv(name)
    with serve(app(host)) as url:
        yield PullRequest(site, host, url, monkeypatch, tmp_path)


# ---------------------------------------------------------------- the comment


def test_a_comment_is_made_and_then_kept_up_to_date(pull: PullRequest) -> None:
    assert pull.plan_job() == 0
    assert pull.comment_job() == 0, pull.site.err
    first = pull.ours()
    assert "3 campaigns" in first["body"]
    assert FIRST[:12] in first["body"]
    assert "https://github.com/acme/messaging/actions/runs/41" in first["body"]
    assert pull.output["number"] == "7"
    assert pull.output["digest"] == digest_of(first["body"])
    assert pull.host.labels[7] == ["plan-deletes"]

    pull.site.manifest("push", keep="push-old-1")
    pull.head = pull.host.pulls[0]["head"]["sha"] = SECOND
    assert pull.plan_job() == 0
    assert pull.comment_job() == 0, pull.site.err
    second = pull.ours()
    assert second["id"] == first["id"]
    assert "2 campaigns" in second["body"]
    assert SECOND[:12] in second["body"]
    assert pull.comment_job() == 0
    assert pull.site.out == "unchanged on pull request 7\n"


def test_comments_of_others_are_left_alone_even_with_our_mark(pull: PullRequest) -> None:
    mark = "<!-- reconciler comment plan none -->\n"
    said = {
        pull.host.say(7, "octocat", f"{mark}Nothing is deleted."): "octocat",
        pull.host.say(7, "other-app[bot]", f"{mark}No changes."): "other-app[bot]",
        pull.host.say(7, OURS, "Coverage is 93 %."): OURS,  # another tool with the same token
        pull.host.say(7, OURS, f"See this:\n{mark}"): OURS,
        pull.host.say(7, OURS, "<!-- reconciler comment emea none -->\n"): OURS,
    }
    before = {one: pull.host.comments[one]["body"] for one in said}
    assert pull.plan_job() == 0
    for _ in range(2):
        assert pull.comment_job() == 0, pull.site.err
    assert {one: pull.host.comments[one]["body"] for one in said} == before
    assert len(pull.host.comments) == len(said) + 1


def test_labels_of_others_are_left_alone(pull: PullRequest) -> None:
    pull.host.labels[7] = ["bug", "plan-invalid", "deletes"]
    assert pull.plan_job() == 0
    assert pull.comment_job() == 0, pull.site.err
    assert sorted(pull.host.labels[7]) == ["bug", "deletes", "plan-deletes"]
    assert pull.comment_job("--no-labels", "--key", "emea") == 0
    assert sorted(pull.host.labels[7]) == ["bug", "deletes", "plan-deletes"]


def test_when_validate_fails_the_old_plan_does_not_stay(pull: PullRequest) -> None:
    assert pull.plan_job() == 0
    assert pull.comment_job() == 0, pull.site.err
    manifest = pull.site.root / "manifests" / "push.yaml"
    manifest.write_text(manifest.read_text().replace("account: push", "account: pusch"))
    assert pull.plan_job() == 1
    assert pull.comment_job() == 0, pull.site.err
    body = pull.ours()["body"]
    assert "not valid: 1 error" in body
    assert "manifests/push.yaml:5" in body
    assert "3 campaigns" not in body
    assert pull.host.labels[7] == ["plan-invalid"]


def test_when_there_is_no_artifact_or_no_plan_the_comment_says_so(pull: PullRequest) -> None:
    (pull.site.root / "inventory.ndjson").unlink()
    assert pull.plan_job() == 1
    assert pull.comment_job() == 0, pull.site.err
    assert "no plan could be made" in pull.ours()["body"]
    assert "inventory.ndjson" in pull.ours()["body"]
    shutil.rmtree(pull.artifact)
    assert pull.comment_job() == 0, pull.site.err
    assert "no plan could be made" in pull.ours()["body"]


def test_a_fork_gets_its_comment_without_a_token_of_its_own(pull: PullRequest) -> None:
    pull.host.pulls.clear()
    pull.host.pull(6, "acme", "cleanup", FIRST)  # the same branch name in the base repository
    pull.host.pull(8, "stranger", "cleanup", SECOND)
    pull.owner, pull.head = "stranger", SECOND
    assert pull.plan_job() == 0  # neither credential nor token is there
    assert pull.comment_job() == 0, pull.site.err
    assert pull.ours()["issue"] == 8


@pytest.mark.parametrize("left", ["lie", "junk", "link", "huge"])
def test_an_artifact_that_a_stranger_made_up_says_nothing(pull: PullRequest, left: str) -> None:
    assert pull.plan_job() == 0
    plan = pull.artifact / "plan.json"
    match left:
        case "lie":
            plan.write_text(plan.read_text().replace(FIRST, SECOND))
        case "junk":
            plan.write_text("<img src=http://evil.example> @acme/all [x](http://evil.example)")
        case "link":
            plan.unlink()
            plan.symlink_to(pull.root / "event.json")
        case _:
            with plan.open("wb") as file:
                file.truncate(65 * 1024 * 1024)
    assert pull.comment_job() == 0, pull.site.err
    body = pull.ours()["body"]
    assert "no plan could be made" in body
    assert "<img" not in body
    assert "@acme" not in body


def test_hostile_diagnostics_form_nothing_and_keep_the_limit(pull: PullRequest) -> None:
    pull.artifact.mkdir(exist_ok=True)
    text = "@acme/all ![x](http://evil.example) <script> `` \x1b[2J \u202e" * 4
    told = [
        {"severity": "error", "code": text, "path": text, "line": n, "message": text, "fix": text}
        for n in range(200)
    ]
    (pull.artifact / "validation.json").write_text(json.dumps({"diagnostics": told}))
    assert pull.comment_job() == 0, pull.site.err
    body = pull.ours()["body"]
    assert len(body) <= 65_536
    assert "more are in the run" in body
    assert "<script>" not in re.sub(r"`[^`]*`", "", body)
    assert "\x1b" not in body
    assert "\u202e" not in body


def test_a_run_that_is_overtaken_says_nothing(pull: PullRequest) -> None:
    assert pull.plan_job() == 0
    pull.host.pulls[0]["head"]["sha"] = SECOND
    assert pull.comment_job() == 0
    assert pull.site.out == "nothing on pull request 7: the pull request has a newer commit\n"
    pull.host.pulls[0].update(state="closed")
    assert pull.comment_job() == 0
    assert pull.site.out == "nothing: the run is of no open pull request\n"
    assert pull.host.writes == []
    assert pull.output["number"] == ""


def test_a_token_that_may_only_read_is_an_error_in_the_hosts_words(pull: PullRequest) -> None:
    assert pull.plan_job() == 0
    assert pull.comment_job(token=READS) == 1
    assert "HTTP 403" in pull.site.err
    assert "Resource not accessible by integration" in pull.site.err
    assert pull.comment_job(token="ghs_unknown0123456789") == 1
    assert "Bad credentials" in pull.site.err


def test_a_fault_of_the_host_is_tried_again_and_a_second_comment_of_ours_goes(
    pull: PullRequest,
) -> None:
    assert pull.plan_job() == 0
    pull.host.failures = [502]
    assert pull.comment_job() == 0, pull.site.err
    pull.host.say(7, OURS, pull.ours()["body"])  # two jobs that did not know of each other
    assert pull.comment_job() == 0, pull.site.err
    assert pull.ours()["id"] == 1000


# ---------------------------------------------------------------- approvals, and the merge


@pytest.fixture
def signed(pull: PullRequest) -> PullRequest:
    """The project needs one approval; ann's key is in the agent's place: a file."""
    key = pull.root / "ann"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, timeout=30
    )
    public = " ".join(key.with_suffix(".pub").read_text().split()[:2])
    (pull.site.root / "allowed_signers").write_text(f"ann@acme.example {public}\n")
    pull.site.guards += ", approvals: {required: 1, allowedSigners: allowed_signers}"
    pull.site.write()
    pull.patch.setenv("GITHUB_ACTOR", "octocat")
    return pull


def approve(pull: PullRequest) -> None:
    """Ann takes the artefact, signs it at home, and puts the signature into a comment."""
    home = pull.root / "home-of-ann"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(pull.site.root, home)
    shutil.copy(pull.artifact / "plan.json", home / "plan.json")
    pull.patch.chdir(home)
    code = pull.site.run("approve", "plan.json", "--key", str(pull.root / "ann"), "--yes")
    assert code == 0, pull.site.err
    pull.patch.chdir(pull.site.root)
    (signature,) = home.glob("plan.json.*.sig")
    text = signature.read_text().replace("\n", "\r\n")  # as a browser sends it
    pull.host.say(7, "ann", f"Fine with me.\r\n\r\n```\r\n{text}```\r\n")


def ran(pull: PullRequest, number: int, **more: object) -> None:
    known = {"id": number, "workflow": "reconciler.yaml", "event": "pull_request"}
    known |= {"head_sha": pull.head, "conclusion": "success"}
    pull.host.runs.append(known | more)


def test_the_plan_that_was_reviewed_and_signed_is_applied(signed: PullRequest) -> None:
    pull = signed
    assert pull.plan_job() == 0
    assert pull.comment_job() == 0, pull.site.err
    assert "reconciler approve plan.json" in pull.ours()["body"]
    ran(pull, 41)
    ran(pull, 42, event="push")
    ran(pull, 43, head_sha=SECOND)
    ran(pull, 44, conclusion="failure")
    pull.host.say(7, "mallory", "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----")
    approve(pull)
    pull.merge()
    code, outputs = pull.apply_job()
    assert code == 0, pull.site.err
    assert outputs == {"number": "7", "run": "41", "author": "octocat"}
    assert pull.site.effects() == ["push/push-old-0", "push/push-old-1", "push/push-old-2"]


def test_a_plan_that_changed_after_its_approval_is_not_applied(signed: PullRequest) -> None:
    pull = signed
    assert pull.plan_job() == 0
    assert pull.comment_job() == 0, pull.site.err
    approved = digest_of(pull.ours()["body"])
    approve(pull)
    pull.site.manifest("push", keep="push-old-1")
    pull.head = pull.host.pulls[0]["head"]["sha"] = SECOND
    assert pull.plan_job() == 0
    assert pull.comment_job() == 0, pull.site.err
    body = pull.ours()["body"]
    assert digest_of(body) != approved
    assert "The plan has changed" in body
    assert approved in body
    ran(pull, 45)
    pull.merge()
    code, outputs = pull.apply_job()
    assert (code, outputs["run"]) == (3, "45")
    assert pull.site.effects() == []


def test_who_opened_the_pull_request_cannot_approve_it_whoever_the_plan_names(
    signed: PullRequest,
) -> None:
    pull = signed
    rule = "allowedSigners: allowed_signers"
    pull.site.guards = pull.site.guards.replace(
        rule, f"{rule}, aliases: {{octocat: [ann@acme.example]}}"
    )
    pull.site.write()
    pull.patch.setenv("GITHUB_ACTOR", "somebody-else")  # what a plan job of ann's own may say
    assert pull.plan_job() == 0
    approve(pull)
    ran(pull, 41)
    pull.merge()
    assert pull.apply_job()[0] == 3
    assert pull.site.effects() == []


def test_a_push_that_is_no_merge_has_no_reviewed_plan(pull: PullRequest) -> None:
    code, outputs = pull.apply_job()
    assert outputs == {"number": "", "run": "", "author": ""}
    assert code == 0, pull.site.err  # of a plan that is made anew, as nobody needs to approve


def test_outside_of_a_job_both_are_a_usage_error(site: Site) -> None:
    assert site.run("github", "comment", ".") == 64
    assert "GITHUB_REPOSITORY" in site.err
    assert site.run("github", "reviewed") == 64
