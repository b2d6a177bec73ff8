"""An answer's body without its content coding, which nobody asked for; pure."""

import zlib

from reconciler.lanes.wire import NoAnswer


def decoded(body: bytes, coding: str | None, most: int) -> bytes:
    """*body*, of at most *most* bytes, without *coding*; `NoAnswer` for what is damaged or odd.

    No body at all has nothing to decode, whatever its header says.
    """
    name = (coding or "identity").strip().lower()
    if not body or name in ("", "identity"):
        return body
    if name not in ("gzip", "x-gzip", "deflate"):
        raise NoAnswer("the answer's content coding is not known")
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        plain = inflater.decompress(body, most + 1)
    except zlib.error as error:
        raise NoAnswer("the answer's compressed body is damaged") from error
    if len(plain) > most or not inflater.eof or inflater.unused_data:
        said = f"over {most >> 20} MiB, cut short, or has a surplus"
        raise NoAnswer(f"the answer's compressed body is {said}")
    return plain
