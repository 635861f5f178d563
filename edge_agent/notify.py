"""Telling systemd how the role fares (sd_notify(3), the protocol is one datagram)."""

import os
import socket


def notify(state: str) -> bool:
    """Send `state`, e.g. ``READY=1`` or ``WATCHDOG=1``. False when nobody asked for it."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        try:
            channel.sendto(state.encode(), address)
        except OSError:
            return False
    return True
