import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest

from drivers.sim.zpl_printer import picture
from edge_agent.labels.layout import LabelError
from edge_agent.labels.template import load_template
from edge_agent.labels.worker import Setup
from edge_agent.line.label_worker import LabelWorker
from edge_agent.station_config import Hmi
from tests.line.test_print_link import codes, job

SETUP = Setup(font=Hmi().font, dpmm=8, templates={"case": load_template("case", None)})


@pytest.fixture
async def worker() -> AsyncIterator[LabelWorker]:
    worker = LabelWorker(SETUP)
    yield worker
    await worker.close()


async def test_one_process_draws_one_label_after_the_other(worker: LabelWorker) -> None:
    assert worker.pid is None
    first = await worker.draw(job(1))
    pid = worker.pid
    assert job(2).key in codes(await worker.draw(job(2)))
    assert job(1).key in codes(first)
    assert worker.pid == pid


async def test_what_cannot_be_drawn_is_told_and_the_process_goes_on(worker: LabelWorker) -> None:
    with pytest.raises(LabelError, match=r"\(10\) cannot say '批号'"):
        await worker.draw(job(1, batch="批号"))
    assert job(2).key in codes(await worker.draw(job(2)))


async def test_a_process_that_dies_costs_one_label_at_most(worker: LabelWorker) -> None:
    await worker.draw(job(1))
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGSTOP)
    drawing = asyncio.create_task(worker.draw(job(2)))
    await asyncio.sleep(0)
    os.kill(worker.pid, signal.SIGKILL)
    with pytest.raises(LabelError, match="ended"):
        await drawing
    assert job(3).key in codes(await worker.draw(job(3)))


async def test_a_process_that_hangs_costs_one_label(worker: LabelWorker) -> None:
    await worker.draw(job(1))
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGSTOP)
    usual, worker.draw_s = worker.draw_s, 0.1
    with pytest.raises(LabelError, match="not done after"):
        await worker.draw(job(2))
    worker.draw_s = usual
    assert picture(await worker.draw(job(3))).size == (799, 559)
