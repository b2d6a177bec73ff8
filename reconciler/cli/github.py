"""`reconciler github`: what a job of GitHub Actions does around a plan."""

from pathlib import Path

import click

from reconciler.api.written import write_variables
from reconciler.cli.app import App, pass_app
from reconciler.safe import terminal
from reconciler.views.words import count


@click.group("github")
def command() -> None:
    """Keep our comment on a pull request; find what was reviewed before a merge.

    For jobs of GitHub Actions: where they are and what for is read from the environment and from
    the event; GITHUB_TOKEN is needed. `reconciler init --ci github` writes the workflows.
    """


@command.command(
    epilog="""\b
Examples:
  reconciler github comment artifact
  reconciler github comment artifact --key emea --no-labels
"""
)
@click.argument("folder", metavar="FOLDER", type=click.Path(file_okay=False))
@click.option("--key", default="plan", show_default=True, help="Tells several projects apart.")
@click.option(
    "--author",
    default="github-actions[bot]",
    show_default=True,
    metavar="LOGIN",
    help="Who the token writes as; a comment of another author is never touched.",
)
@click.option("--labels/--no-labels", default=True, help="Keep our labels too. Default: yes.")
@pass_app
def comment(app: App, folder: str, key: str, author: str, labels: bool) -> None:
    """Show the plan that another job left in FOLDER on the pull request that it ran for.

    FOLDER may hold plan.json, validation.json and plan.err; where there is no plan, the comment
    says why. One comment, ours, is kept up to date. With GITHUB_OUTPUT set: `number`, `digest`.
    """
    from reconciler.api.github import comment as commented

    found = commented(app.here, Path(folder), key=key, author=author, labels=labels)
    about = f" on pull request {found.number}" if found.number is not None else ""
    app.out(f"{found.done}{about}" + (f": {terminal(found.why)}" if found.why else ""))
    written = found.done != "nothing"
    _outputs(app, number=found.number if written else None, digest=found.digest)


@command.command(
    epilog="""\b
Examples:
  reconciler github reviewed plan.json
"""
)
@click.argument("plan", default="plan.json", type=click.Path(dir_okay=False))
@click.option(
    "--workflow",
    default="reconciler.yaml",
    show_default=True,
    metavar="FILE",
    help="The workflow whose runs make plans.",
)
@pass_app
def reviewed(app: App, plan: str, workflow: str) -> None:
    """Find what was reviewed of the merge that this job runs for.

    Every SSH signature in a comment of the pull request is put beside PLAN, whether it counts or
    not: `apply` judges them. With GITHUB_OUTPUT set: `number`, `run` (whose artefact has the plan;
    empty if there is none) and `author`, who opened the pull request: give apply that as
    --requested-by, for the plan was made by the files of the pull request.
    """
    from reconciler.api.github import reviewed as found_out

    found = found_out(app.here, Path(plan), workflow=workflow)
    if found.run is None:
        app.out(f"nothing was reviewed: {terminal(found.why or '')}")
    else:
        signed = count(len(found.signatures), "signature")
        app.out(f"pull request {found.number}, run {found.run}, {signed}")
    _outputs(app, number=found.number, run=found.run, author=found.author)


def _outputs(app: App, **values: object) -> None:
    """Numbers and digests, which need no delimiter."""
    place = app.environ.get("GITHUB_OUTPUT")
    if place:
        write_variables(place, values, append=True)
