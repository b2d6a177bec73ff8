"""An answer's body without its content coding, which nobody asked for; pure."""

import zlib

from reconciler.lanes.wire import NoAnswer

MAX_BODY = 1024 * 1024


def decoded(body: bytes, coding: str | None) -> bytes:
    """*body* without *coding*; `NoAnswer` for what is damaged, unknown, or a bomb.

    No body at all has nothing to decode, whatever its header says.
    """
    name = (coding or "identity").strip().lower()
    if not body or name in ("", "identity"):
        return body
    if name not in ("gzip", "x-gzip", "deflate"):
        raise NoAnswer("the answer's content coding is not known")
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        plain = inflater.decompress(body, MAX_BODY + 1)
    except zlib.error as error:
        raise NoAnswer("the answer's compressed body is damaged") from error
    if len(plain) > MAX_BODY or not inflater.eof or inflater.unused_data:
        raise NoAnswer("the answer's compressed body is over 1 MiB, cut short, or has a surplus")
    return plain
