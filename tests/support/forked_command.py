"""A `reconciler` for the PATH of shells: the real command, for the price of a fork.

The script is a small client. It hands its folder, environment, words, input and outputs to this
process, which has a worker fork the command; the command's signals and end are the client's.
"""

import contextlib
import json
import os
import shlex
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.support.forks import Forks, Started

_MOST = 1 << 20  # bytes of what a client says
_CLIENT = """\
import json, os, signal, socket, sys
link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
link.connect({place!r})
job = [sys.argv[1:], os.getcwd(), dict(os.environ)]
socket.send_fds(link, [json.dumps(job).encode()], [0, 1, 2])
pid = int(link.recv(64))
for one in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
    if signal.getsignal(one) is not signal.SIG_IGN:
        signal.signal(one, lambda number, _: os.kill(pid, number))
code = int(link.recv(64))
if code < 0:
    signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
os._exit(code)
"""


@contextlib.contextmanager
def forked_command(forks: Forks, folder: Path) -> Iterator[Path]:
    """The folder *folder*, made, with the script `reconciler` in it, as long as the block lasts."""
    folder.mkdir(exist_ok=True)
    place = forks.folder / f"commands-{os.urandom(4).hex()}"  # a short path: 108 bytes are the most
    (folder / "client.py").write_text(_CLIENT.format(place=str(place)))
    script = folder / "reconciler"
    client = shlex.quote(str(folder / "client.py"))
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -ISE {client} "$@"\n')
    script.chmod(0o755)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
        door.bind(str(place))
        door.listen(64)
        threading.Thread(target=_open, args=(door, forks), daemon=True).start()
        try:
            yield folder
        finally:
            door.shutdown(socket.SHUT_RDWR)


def _open(door: socket.socket, forks: Forks) -> None:
    with contextlib.suppress(OSError):  # it is closed: the block has ended
        while True:
            client, _ = door.accept()
            threading.Thread(target=_serve, args=(client, forks), daemon=True).start()


def _serve(client: socket.socket, forks: Forks) -> None:
    with client:
        message, descriptors, _, _ = socket.recv_fds(client, _MOST, 3)
        arguments, root, env = json.loads(message)
        try:
            command: Started = forks.start(
                *arguments,
                root=Path(root),
                env=env,
                stdin=descriptors[0],
                stdout=descriptors[1],
                stderr=descriptors[2],
            )
        finally:
            for one in descriptors:
                os.close(one)
        with contextlib.suppress(OSError):  # whoever called was killed
            client.send(str(command.pid).encode())
            client.send(str(command.wait()).encode())
