"""What the CI says of the run that we are in."""

from collections.abc import Mapping


def run_address(environ: Mapping[str, str]) -> str | None:
    """The address of the run's page; None outside of a CI that is known."""
    if run := environ.get("GITHUB_RUN_ID"):
        server = environ.get("GITHUB_SERVER_URL", "https://github.com")
        return f"{server}/{environ.get('GITHUB_REPOSITORY', '')}/actions/runs/{run}"
    if build := environ.get("BUILD_BUILDID"):
        host = environ.get("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", "")
        project = environ.get("SYSTEM_TEAMPROJECT", "").replace(" ", "%20")
        return f"{host}{project}/_build/results?buildId={build}"
    if number := environ.get("BITBUCKET_BUILD_NUMBER"):
        name = environ.get("BITBUCKET_REPO_FULL_NAME", "")
        return f"https://bitbucket.org/{name}/pipelines/results/{number}"
    return environ.get("CI_JOB_URL") or environ.get("BUILD_URL")
