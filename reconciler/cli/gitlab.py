"""`reconciler gitlab`: what a job of GitLab CI does around a plan."""

from pathlib import Path

import click

from reconciler.api.written import write_variables
from reconciler.cli._stdio import file_for
from reconciler.cli.app import App, pass_app
from reconciler.safe import terminal
from reconciler.views.words import count


@click.group("gitlab")
def command() -> None:
    """Find what was reviewed before a merge.

    For jobs of GitLab CI: where they are and what for is read from the environment;
    RECONCILER_READ_TOKEN, which may read the project (`read_api`), is needed.
    `reconciler init --ci gitlab` writes the pipeline.
    """


@command.command(
    epilog="""\b
Examples:
  reconciler gitlab reviewed plan.json --dotenv reviewed.env && . ./reviewed.env
"""
)
@click.argument("plan", default="plan.json", type=click.Path(dir_okay=False))
@click.option(
    "--job",
    default="reconciler:plan",
    show_default=True,
    metavar="NAME",
    help="The job that makes plans of merge requests.",
)
@click.option("--dotenv", metavar="FILE", help="Write what was found, as variables of a shell.")
@pass_app
def reviewed(app: App, plan: str, job: str, dotenv: str | None) -> None:
    """Find what was reviewed of the merge that this job runs for.

    Every SSH signature in a comment of the merge request is put beside PLAN, whether it counts or
    not: `apply` judges them. The variables: RECONCILER_PLAN_JOB (whose artefact has the plan; empty
    if there is none) and RECONCILER_AUTHOR, who opened the merge request: give apply that as
    --requested-by, for the plan was made by the files of the merge request.
    """
    from reconciler.api.gitlab import reviewed as found_out

    found = found_out(app.here, Path(plan), job=job)
    if found.job is None:
        app.out(f"nothing was reviewed: {terminal(found.why or '')}")
    else:
        signed = count(len(found.signatures), "signature")
        app.out(f"merge request {found.number}, job {found.job}, {signed}")
    if dotenv is not None:
        values = {"RECONCILER_PLAN_JOB": found.job, "RECONCILER_AUTHOR": found.author}
        with file_for(dotenv, "variables") as file:
            write_variables(file, values)
