"""How large the rooms of the house are: figures that stay, so that a file stays one topic."""

import ast
from graphlib import TopologicalSorter
from statistics import median, quantiles

from tests.test_imports import imports, modules, tree, within


def lengths() -> dict[str, int]:
    """Lines by module."""
    return {name: len(path.read_text("utf-8").splitlines()) for name, path in modules().items()}


def test_the_command_line_is_thin() -> None:
    assert sum(n for name, n in lengths().items() if within(name, "reconciler.cli")) <= 3_400


def test_a_file_has_a_hundred_lines_or_so() -> None:
    assert median(lengths().values()) <= 130


def test_the_driver_of_an_ordinary_vendor_fits_on_two_screens() -> None:
    """Campaigns with an id, a call to delete one, a list: what is more is what that vendor has.

    HubSpot has two kinds of objects, each with its states, and one that a deletion leaves to see.
    """
    ordinary = (
        *("batch_cep", "batch_mep", "brevo", "klaviyo", "listmonk", "mailchimp", "onesignal"),
        *("sendgrid",),
    )
    sizes = {one: lengths()[f"reconciler.drivers.{one}"] for one in ordinary}
    assert {one: size for one, size in sizes.items() if size > 120} == {}


def test_nine_functions_of_ten_fit_on_half_a_screen() -> None:
    functions = [
        node.end_lineno - node.lineno + 1
        for name in modules()
        for node in ast.walk(tree(name))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
    ]
    assert quantiles(functions, n=10)[-1] <= 25


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {
        name: {one for one, _ in imports(name, runtime=True) if one in modules() and one != name}
        for name in modules()
    }
    assert len(list(TopologicalSorter(graph).static_order())) == len(modules())
