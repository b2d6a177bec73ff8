"""Headers that prove who asks; what is secret in them stays wrapped until it is sent."""

from base64 import b64encode

from reconciler.driver import Secret, Text


def bearer(secret: Secret) -> tuple[str, Text]:
    """`Authorization: Bearer SECRET`."""
    return ("Authorization", ("Bearer ", secret))


def basic(user: str, password: Secret) -> tuple[str, Text]:
    """`Authorization: Basic …` of *user* and *password*."""
    encoded = password.map(lambda text: b64encode(f"{user}:{text}".encode()).decode())
    return ("Authorization", ("Basic ", encoded))
