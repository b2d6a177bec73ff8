"""Whether the environment asks for OpenTelemetry, and what is told where it cannot be had."""

from collections.abc import Mapping

from reconciler import __version__
from reconciler.events import Listener


def traced(environ: Mapping[str, str], listener: Listener, command: str) -> Listener:
    """*listener*, and where *environ* asks for OpenTelemetry, a collector told as well.

    *command*: the run's name. What asks for it but cannot have it is told, and changes nothing.
    """
    asked = any(name.startswith("OTEL_") for name in environ)
    if not asked or environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return listener
    try:
        from reconciler.events.tracing import TracingListener
    except ImportError:
        listener.aloud(
            "OTEL_* is set, but no trace is sent: pip install 'campaign-reconciler[otel]'"
        )
        return listener
    return TracingListener(listener, command=command, version=__version__, environ=environ)
