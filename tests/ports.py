"""Ports of 127.0.0.1 for servers that a test starts later, or again."""

import socket


def free_port() -> int:
    """A TCP port that nobody else on this machine is given while the tests run: not another test's
    server, nor the near end of anybody's connection."""
    holder = socket.socket()
    # Who sets this too, as servers do, may listen on the port although it is held.
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    port: int = holder.getsockname()[1]
    holder.detach()  # it is open until this process ends
    return port
