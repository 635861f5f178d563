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
import traceback
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.camera.decode.ladder import Ladder
from edge_agent.camera.evidence.picture import Note, PictureError, encode
from edge_agent.camera.jobs import (
    LENGTH,
    Done,
    Failed,
    LookAtPart,
    Made,
    MakePicture,
    ReadFrame,
    Setup,
    packed,
)
from edge_agent.camera.layer.reader import LayerReader, Seen
from edge_agent.camera.region import box_of, grey_part, origin_of
from edge_agent.camera.slots import MAX_FRAME_BYTES, pixels_at
from edge_agent.camera.symbols import Reading

Pixels = NDArray[np.uint8]


class Worker:
    """What a decoder does with a frame."""

    def __init__(self, setup: Setup, memory: mmap.mmap) -> None:
        self._setup = setup
        self._memory = memory
        self._ladder = Ladder(setup.plan)
        self._layer: LayerReader | None = None
        if setup.layer is not None:
            self._layer = LayerReader(setup.layer, setup.plan, region=box_of(setup.region))

    def do(self, job: ReadFrame | LookAtPart | MakePicture) -> Done | Seen | Made:
        pixels = pixels_at(self._memory, job.place)
        match job:
            case ReadFrame():
                return self._read(pixels, job)
            case LookAtPart():
                assert self._layer is not None  # noqa: S101 asked by a layer's role only
                return self._layer.look(grey_part(pixels, None), job.part)
            case MakePicture():
                return self._picture(pixels, job.note)

    def _read(self, pixels: Pixels, job: ReadFrame) -> Done:
        began_ns = time.perf_counter_ns()
        grey = grey_part(pixels, self._setup.region)
        reading = (
            self._ladder.read(
                grey, origin=origin_of(self._setup.region), budget_us=self._setup.budget_us
            )
            if grey.size
            else Reading()
        )
        decode_us = (time.perf_counter_ns() - began_ns) // 1_000
        if job.trigger is None:
            return Done(reading, decode_us, Made())
        note = Note(camera=self._setup.camera, trigger=job.trigger, at=job.at, reading=reading)
        return Done(reading, decode_us, self._picture(pixels, note))

    def _picture(self, pixels: Pixels, note: Note) -> Made:
        try:
            return Made(encode(pixels, note, self._setup.evidence))
        except PictureError as error:
            return Made(fault=str(error))


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
            channel.sendall(packed(_done(worker, job)))


def _done(worker: Worker, job: Any) -> Done | Seen | Made | Failed:
    try:
        return worker.do(job)
    except Exception as error:  # noqa: BLE001 the process's boundary: told, logged by the role
        where = traceback.extract_tb(error.__traceback__)[-1]
        line = f"{Path(where.filename).name}, line {where.lineno}"
        return Failed(f"{type(error).__name__} in {line}: {error}")


def _receive(stream: Any) -> Any:
    """The next message; None when the role is gone."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (size,) = LENGTH.unpack(head)
    return pickle.loads(stream.read(size))  # noqa: S301 from our own parent


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
