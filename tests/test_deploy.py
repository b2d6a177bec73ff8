"""What lies under deploy/ fits its schemas, and runs commands that there are."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from reconciler.cli.main import cli

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))


def checked(*command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_compose_fits_the_compose_specification() -> None:
    checked("check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE))


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_a_manifest_fits_the_schemas_of_kubernetes(path: Path) -> None:
    checked("kubernetes_validate", "--strict", str(path))


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every pod that the manifests make, with its file's name."""
    for path in MANIFESTS:
        for one in yaml.safe_load_all(path.read_text()):
            match one["kind"]:
                case "Deployment" | "Job":
                    yield path.stem, one["spec"]["template"]["spec"]
                case "CronJob":
                    yield path.stem, one["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def commands() -> list[list[str]]:
    """The arguments of every `reconciler` that is started there."""
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    found = [one["command"] for one in services.values() if one["image"] == "reconciler"]
    return found + [pod["containers"][0]["args"] for _, pod in pods()]


def parsed(command: click.Command, name: str, arguments: Sequence[str]) -> None:
    """*arguments* are what *command* and its subcommands take; nothing is run."""
    with command.make_context(name, list(arguments)) as context:
        if isinstance(command, click.Group):
            left = [*context._protected_args, *context.args]
            found, below, rest = command.resolve_command(context, left)
            assert below is not None
            parsed(below, found or "", rest)


@pytest.mark.parametrize("arguments", commands(), ids=" ".join)
def test_every_command_line_is_one_that_there_is(arguments: list[str]) -> None:
    parsed(cli, "reconciler", arguments)


def test_pods_run_as_nobody_and_write_nothing_into_their_image() -> None:
    for name, pod in pods():
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["automountServiceAccountToken"] is False, name
        assert container["securityContext"]["readOnlyRootFilesystem"] is True, name
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}, name


def test_a_worker_has_longer_to_end_than_its_grace() -> None:
    for name, pod in pods():
        args = pod["containers"][0]["args"]
        if "--grace" in args:
            assert pod["terminationGracePeriodSeconds"] > int(args[args.index("--grace") + 1]), name
    worker = yaml.safe_load(COMPOSE.read_text())["services"]["worker"]
    grace = int(worker["command"][worker["command"].index("--grace") + 1])
    assert int(worker["stop_grace_period"].removesuffix("s")) > grace


def test_nothing_that_only_plans_holds_a_credential() -> None:
    for name, pod in pods():
        if pod["containers"][0]["args"][0] == "plan":
            assert "envFrom" not in pod["containers"][0], name
