"""A wire to a PostgreSQL server, which is cut at the commit of a number."""

import socket
import threading
from contextlib import suppress
from typing import Self


class Cut:
    """Passes everything on to the server at *to*. The commit *number*, counted from 1 over all
    connections, is cut off: it never arrives, or (*answered*) its answer does not.
    """

    def __init__(self, to: int, number: int, *, answered: bool) -> None:
        self._to = to
        self._number = number
        self._answered = answered
        self._seen = 0
        self._lock = threading.Lock()
        self.made = False

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
                for one in (client, server):  # else each small message waits for an answer
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                wire = _Wire(self, client, server)
                threading.Thread(target=wire.forth, daemon=True).start()
                threading.Thread(target=wire.back, daemon=True).start()

    def due(self) -> bool:
        """Whether this commit is the one."""
        with self._lock:
            self._seen += 1
            self.made = self.made or self._seen == self._number
            return self._seen == self._number

    @property
    def answered(self) -> bool:
        return self._answered


class _Wire:
    """One connection: whole messages of the client are looked at, the server's are passed on."""

    def __init__(self, cut: Cut, client: socket.socket, server: socket.socket) -> None:
        self._cut, self._client, self._server = cut, client, server
        self._commits: set[bytes] = set()  # prepared statements that commit
        self._mute = threading.Event()

    def forth(self) -> None:
        data, started = b"", False
        with suppress(OSError):
            while more := self._client.recv(1 << 16):
                data += more
                while True:
                    kind = data[:1] if started else b""
                    head = len(kind)
                    size = int.from_bytes(data[head : head + 4], "big")
                    if len(data) < head + 4 or len(data) < head + size:
                        break
                    message, data = data[: head + size], data[head + size :]
                    body = message[head + 4 :]
                    # Before the start-up message a client may ask for TLS, without a letter.
                    started = started or body[:4] != b"\x04\xd2\x16\x2f"
                    if self._commit(kind, body) and self._cut.due():
                        self._end(message)
                        return
                    self._server.sendall(message)
        self._close()

    def _commit(self, kind: bytes, body: bytes) -> bool:
        name, _, rest = body.partition(b"\0")
        if kind == b"P":
            (self._commits.add if rest.startswith(b"COMMIT\0") else self._commits.discard)(name)
        return kind == b"B" and rest.partition(b"\0")[0] in self._commits

    def _end(self, message: bytes) -> None:
        if not self._cut.answered:
            self._close()
            return
        self._mute.set()
        execute = b"E\0\0\0\x09\0\0\0\0\0" + b"S\0\0\0\x04"
        self._server.sendall(message + execute)

    def back(self) -> None:
        with suppress(OSError):
            while more := self._server.recv(1 << 16):
                if not self._mute.is_set():
                    self._client.sendall(more)
                elif b"COMMIT\0" in more:  # it is done, and nobody is told
                    break
        self._close()

    def _close(self) -> None:
        for one in (self._client, self._server):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
