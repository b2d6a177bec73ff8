"""`schema`: the JSON Schema of a kind of file."""

from reconciler import drivers
from reconciler.declare.schema import dumps


def schema(kind: str) -> str:
    """The JSON Schema (draft 2020-12) of *kind* as text; that of a project knows every driver."""
    known = (drivers.find(name) for name in drivers.names()) if kind == "project" else ()
    return dumps(kind, (one for one in known if one is not None))
