"""The files of a first project, as they lie in `templates/`. The one place that reads them."""

from importlib.resources import files


def text(name: str) -> str:
    """The file *name* of `templates/`."""
    return files(__package__).joinpath("templates", name).read_text("utf-8")
