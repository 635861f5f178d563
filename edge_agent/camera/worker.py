"""A decoder process: one frame after the other, until the role's end of the socket is closed.

Started by the pool as ``python -m edge_agent.camera.worker SOCKET MEMORY``, two open files. It may
crash or hang: that costs the frame it has in hand.
"""

import faulthandler
import mmap
import pickle
import signal
import socket
import sys
import time
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.camera.decode.ladder import Ladder
from edge_agent.camera.evidence.picture import Note, PictureError, encode
from edge_agent.camera.jobs import LENGTH, Done, ReadFrame, Setup, packed
from edge_agent.camera.slots import MAX_FRAME_BYTES, pixels_at
from edge_agent.camera.symbols import Reading
from edge_agent.camera_config import Region


class Worker:
    """What a decoder does with a frame."""

    def __init__(self, setup: Setup, memory: mmap.mmap) -> None:
        self._setup = setup
        self._memory = memory
        self._ladder = Ladder(setup.plan)

    def read(self, job: ReadFrame) -> Done:
        pixels = pixels_at(self._memory, job.place)
        began_ns = time.perf_counter_ns()
        reading = self._read(pixels)
        decode_us = (time.perf_counter_ns() - began_ns) // 1_000
        if job.trigger is None:
            return Done(reading, decode_us)
        note = Note(camera=self._setup.camera, trigger=job.trigger, at=job.at, reading=reading)
        try:
            return Done(reading, decode_us, encode(pixels, note, self._setup.evidence))
        except PictureError as error:
            return Done(reading, decode_us, picture_fault=str(error))

    def _read(self, pixels: NDArray[np.uint8]) -> Reading:
        cut, origin = region_of(pixels, self._setup.region)
        grey = cut if cut.ndim == 2 else cv2.cvtColor(cut, cv2.COLOR_BGR2GRAY).astype(np.uint8)
        if not grey.size:
            return Reading()
        return self._ladder.read(grey, origin=origin, budget_us=self._setup.budget_us)


def region_of(
    pixels: NDArray[np.uint8], region: Region | None
) -> tuple[NDArray[np.uint8], tuple[float, float]]:
    """The part of the frame that is looked at, and where its top left lies."""
    if region is None:
        return pixels, (0, 0)
    cut = pixels[region.y : region.y + region.height, region.x : region.x + region.width]
    return cut, (region.x, region.y)


def main(channel_fd: int, memory_fd: int) -> None:
    # The role ends its workers; a terminal or systemd asks the whole group at once.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    faulthandler.enable()  # a crash says where, in the role's log
    cv2.setNumThreads(1)  # the pool is the parallelism
    with socket.socket(fileno=channel_fd) as channel, channel.makefile("rb") as stream:
        setup = _receive(stream)
        if setup is None:
            return
        memory = mmap.mmap(memory_fd, setup.slots * MAX_FRAME_BYTES)
        worker = Worker(setup, memory)
        channel.sendall(packed(None))
        while job := _receive(stream):
            channel.sendall(packed(worker.read(job)))


def _receive(stream: Any) -> Any:
    """The next message; None when the role is gone."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (size,) = LENGTH.unpack(head)
    return pickle.loads(stream.read(size))  # noqa: S301 from our own parent


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
