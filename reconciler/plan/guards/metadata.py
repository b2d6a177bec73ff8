"""Does the manifest say what the project requires of it?"""

from reconciler.declare.manifest import Manifest
from reconciler.declare.project import Guards
from reconciler.declare.required import missed


def refusal(manifest: Manifest, guards: Guards) -> str | None:
    """Why no absence of *manifest* is carried out, or None."""
    metadata = {"owner": manifest.owner, "reason": manifest.reason, "ticket": manifest.ticket}
    found = [
        f"{key} is required"
        if pattern is None
        else f"the ticket {metadata[key]} does not fit {pattern}"
        for key, pattern in missed(metadata, guards)
    ]
    return f"{manifest.name}: {'; '.join(found)}" if found else None
