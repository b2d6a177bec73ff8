"""What sends through a proxy that the project file names."""

from reconciler.declare.proxy import Proxy
from reconciler.lanes.send import Sender


def sender_through(proxy: Proxy | None, ca_file: str | None, deadline: float) -> Sender:
    """A sender through *proxy*, whose credentials are read, that trusts *ca_file* alone if named.

    *deadline*: seconds that a request may take, from its first byte to the whole answer.
    """
    auth = None
    if proxy is not None and proxy.user is not None and proxy.password is not None:
        auth = proxy.user.secret(), proxy.password.secret()
    url = proxy.url if proxy is not None else None
    return Sender(proxy=url, proxy_auth=auth, ca_file=ca_file, deadline=deadline)
