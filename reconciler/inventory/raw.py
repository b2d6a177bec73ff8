"""An inventory file's bytes: hashed as stored, unpacked if they are gzip, told if they are no text.

A byte order mark of UTF-8 at their start says nothing, and is left out.
"""

import hashlib
import zlib
from typing import BinaryIO

from reconciler.declare.encoding import MARK, foreign, utf16
from reconciler.errors import ReconcilerError
from reconciler.inventory import fixes

_PIECE = 1 << 17
_HEAD = 512  # bytes by which a file is recognised
_GZIP = b"\x1f\x8b"
_RATIO = 200  # gzip of campaigns reaches 10 to 60
_RATIO_FROM = 64 << 20  # bytes that may come out before the ratio counts


class Damaged(ReconcilerError):
    """The bytes cannot be read on; *fix* says how to mend the file.

    *encoding*: what they are in, and `read` goes on with them.
    """

    def __init__(
        self, message: str, fix: str, code: str = "inventory-gzip", encoding: str | None = None
    ) -> None:
        super().__init__(message)
        self.fix = fix
        self.code = code
        self.encoding = encoding


class Raw:
    """Reads *file* once, from its start. Memory does not depend on what the file holds.

    *name*: as commands that mend it say it. *marked*: it begins with a byte order mark.
    """

    def __init__(self, file: BinaryIO, name: str = "-") -> None:
        self._file = file
        self.name = name
        self.marked = False
        self._head: bytes | None = None
        self._hash = hashlib.sha256()
        self._at = 0  # where in what was read ahead the text goes on
        self._ahead = self._take(_PIECE)
        while len(self._ahead) < 2 and (more := self._take(_PIECE)):
            self._ahead += more
        self.gzip = self._ahead.startswith(_GZIP)
        self._inflate = zlib.decompressobj(wbits=31) if self.gzip else None
        self._in = 0
        self._out = 0
        self._ended = False

    @property
    def sha256(self) -> str:
        """Hex digest of the bytes as stored. Final once `finish` has been called."""
        return self._hash.hexdigest()

    def finish(self) -> None:
        """Hash what nobody read."""
        while self._take(_PIECE):
            pass

    def read(self, size: int) -> bytes:
        """At most *size* bytes of the text; empty at its end. Raises `Damaged`."""
        if self._head is None:
            self._head = self._recognised(size)
        if self._head:
            piece, self._head = self._head[:size], self._head[size:]
            return piece
        return self._read(size)

    def _recognised(self, size: int) -> bytes:
        """The first bytes of the text without the mark; `Damaged` if they are no UTF-8 text."""
        head = self._read(size)
        while len(head) < _HEAD and (more := self._read(size)):
            head += more
        if (encoding := utf16(head)) is not None:
            said = f"the file is in {encoding}, not in UTF-8"
            fix = fixes.recode(self.name, encoding, gzip=self.gzip)
            self._head = head
            raise Damaged(said, fix, "inventory-encoding", encoding)
        if (other := foreign(head)) is not None:
            said = f"the file is {other.what}, not an inventory"
            raise Damaged(said, fixes.unpack(self.name, other), "inventory-format")
        self.marked = head.startswith(MARK)
        return head.removeprefix(MARK)

    def _read(self, size: int) -> bytes:
        if self._inflate is not None:
            return self._read_gzip(size)
        if self._at >= len(self._ahead):
            self._ahead = self._take(_PIECE)
            self._at = 0
        piece = self._ahead[self._at : self._at + size]
        self._at += len(piece)
        return piece

    def _take(self, size: int) -> bytes:
        piece = self._file.read(size)
        self._hash.update(piece)
        return piece

    def _read_gzip(self, size: int) -> bytes:
        while not self._ended:
            assert self._inflate is not None
            if not self._ahead and not self._inflate.eof:
                self._ahead = self._take(_PIECE)
                if not self._ahead:
                    raise Damaged(
                        "the gzip data ends too early", "the file is truncated: write it again"
                    )
            piece = self._inflate_some(size)
            if self._inflate.eof:
                self._next_member()
            if piece:
                return piece
        return b""

    def _inflate_some(self, size: int) -> bytes:
        assert self._inflate is not None
        before = len(self._ahead)
        try:
            piece = self._inflate.decompress(self._ahead, size)
        except zlib.error as error:
            raise Damaged(
                "the gzip data is damaged", "write the file again, or unpack it yourself"
            ) from error
        self._ahead = self._inflate.unused_data or self._inflate.unconsumed_tail
        self._in += before - len(self._ahead)
        self._out += len(piece)
        if self._out > _RATIO_FROM and self._out > _RATIO * max(self._in, 1):
            raise Damaged(
                f"the gzip data unpacks to more than {_RATIO} times its size",
                "no inventory does; unpack it yourself if it is one",
            )
        return piece

    def _next_member(self) -> None:
        """Go on to the next gzip member; zero padding after the last one is allowed."""
        rest = self._ahead.lstrip(b"\0")
        while not rest and (more := self._take(_PIECE)):
            rest = more.lstrip(b"\0")
        self._ahead = rest
        if not rest:
            self._ended = True
            return
        if len(rest) < 2:
            self._ahead += self._take(_PIECE)
        if not self._ahead.startswith(_GZIP):
            raise Damaged("other bytes follow the gzip data", "cut them off")
        self._inflate = zlib.decompressobj(wbits=31)
