"""The view of a line: what it shows of the state, and that it stays small whatever happens."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent import clock
from edge_agent.config import LineConfig
from edge_agent.config_file import load_config
from edge_agent.core.commands import Command
from edge_agent.core.effects import Show, Tone
from edge_agent.core.events import StopCause, Subject
from edge_agent.core.inputs import Edit, OrderStart, Press, Read
from edge_agent.core.names import PersonId, StationName
from edge_agent.core.saying import say
from edge_agent.ledger.journal import Ledger, create_ledger
from edge_agent.line.counts import Counts
from edge_agent.line.engine import Committed, Engine
from edge_agent.line.release import STOPPED
from edge_agent.line.views import CELL_TEXT, LISTED, OPERATIONS, Views
from edge_agent.plan import line_plan
from edge_agent.shifts import Shifts
from edge_agent.views import CELLS, Box, LineView, from_json, to_json, to_line
from tests.line.conftest import sscc, unit

LINE = """
[line]
name = "benches"
data_dir = "{dir}"
[[levels]]
name = "unit"
codes = [{{ kind = "gs1", requires = ["01", "21"] }}]
[[levels]]
name = "case"
capacity = 600
by_scan = true
partial = true
per_layer = 20
codes = [{{ kind = "gs1", requires = ["00"], pattern = '000\\d{{17}}' }}]
[[levels]]
name = "pallet"
capacity = 2
by_scan = true
codes = [{{ kind = "gs1", requires = ["00"], pattern = '001\\d{{17}}' }}]
[devices]
a = {{ kind = "scanner", url = "tcp://127.0.0.1:9", suffix = "\\n" }}
b = {{ kind = "scanner", url = "tcp://127.0.0.1:9", suffix = "\\n" }}
c = {{ kind = "scanner", url = "tcp://127.0.0.1:9", suffix = "\\n" }}
[[stations]]
name = "one"
scanner = "a"
reads = ["unit", "case"]
reread_ms = 0
[[stations]]
name = "two"
scanner = "b"
reads = ["unit", "case"]
[[stations]]
name = "pallets"
scanner = "c"
reads = ["case", "pallet"]
"""

MANY = [f"order-{number}" for number in range(LISTED + 20)]


class Shop:
    """Engine and views without devices."""

    def __init__(self, config: LineConfig) -> None:
        create_ledger(config.ledger_path)
        self.ledger = Ledger(config.ledger_path)
        plan = line_plan(config)
        self.engine = Engine(
            plan,
            self.ledger,
            line_name=config.line.name,
            queue_size=4_096,
            secret_codes=False,
            wake=lambda: None,
            release=self._let_out,
        )
        counts = Counts(plan, Shifts(["00:00"], "UTC"), clock.now().utc_us)
        self.counts = counts
        self.views = Views(config, plan, self.engine, counts, lambda: (), {})

    def _let_out(self, release: Committed) -> None:
        for effect, _ in release.effects:
            if isinstance(effect, Show):
                self.views.show(effect)
        for event in release.events:
            self.counts.take(event)

    def scan(self, station: str, *texts: str) -> None:
        for text in texts:
            at = clock.now()
            self.engine.offer(Read(at, StationName(station), at.mono_us, text))
        while self.engine.queued:
            self.engine.turn()

    def press(self, station: str, command: Command) -> None:
        self.engine.offer(Press(clock.now(), StationName(station), command))
        self.engine.turn()

    def edit(self, subject: Subject, *names: str, **new: str) -> None:
        line = StationName("benches")
        for name in names:
            self.engine.offer(Edit(clock.now(), line, subject, name, new, None, "test"))
        while self.engine.queued:
            self.engine.turn()

    def boxes(self, station: str) -> tuple[Box, ...]:
        return next(each for each in self.views.line().stations if each.name == station).boxes


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    path = tmp_path / "benches.toml"
    path.write_text(LINE.format(dir=tmp_path))
    shop = Shop(load_config(path))
    yield shop
    shop.ledger.close()


def test_each_bench_shows_its_own_container_and_what_was_put_aside_is_shown_to_all(
    shop: Shop,
) -> None:
    shop.scan("one", unit(1))
    shop.scan("one", unit(2))
    shop.scan("two", unit(3))
    assert [box.children for box in shop.boxes("one")] == [
        (unit(1)[-CELL_TEXT:], unit(2)[-CELL_TEXT:])
    ]
    assert [box.count for box in shop.boxes("two")] == [1]
    assert shop.boxes("pallets") == ()
    assert shop.boxes("one")[0].per_layer == 20
    shop.press("one", Command.PARK)
    view = shop.views.line()
    assert [box.count for station in view.stations for box in station.parked] == [2, 2, 2]
    assert shop.boxes("one") == ()


def test_a_container_that_was_opened_by_its_code_shows_it(shop: Shop) -> None:
    shop.scan("one", sscc(0, 1))
    (box,) = shop.boxes("one")
    assert (box.key, box.count) == (sscc(0, 1), 0)


def test_the_view_is_the_same_at_the_other_end_of_the_socket(shop: Shop) -> None:
    shop.scan("one", unit(1))
    shop.scan("one", unit(1))
    shop.press("one", Command.REMOVE)
    shop.edit(Subject.PRODUCT, "06971234567802", name="茶 \u202e🙂")
    view = shop.views.line()
    assert from_json(to_json(view)) == view
    assert LineView.__name__ in repr(view)
    assert b"\n" not in to_line(view)


def test_whatever_happens_a_view_stays_small(shop: Shop) -> None:
    shop.scan("one", *map(unit, range(CELLS + 50)))
    shop.edit(Subject.ORDER, *MANY, gtin="06971234567802")
    view = shop.views.line()
    (box,) = view.stations[0].boxes
    assert (len(box.children), box.count) == (CELLS, CELLS + 50)
    assert len(view.orders) == LISTED
    assert view.orders[-1].id == MANY[-1]
    assert len(view.stations[0].operations) == OPERATIONS
    assert len(to_line(view)) < 200_000


def test_the_order_that_is_worked_on_is_in_the_view_though_many_came_after_it(shop: Shop) -> None:
    shop.edit(Subject.ORDER, "first", gtin="06971234567802", target="5")
    shop.engine.offer(OrderStart(clock.now(), StationName("benches"), "first", PersonId("li")))
    shop.edit(Subject.ORDER, *MANY, gtin="06971234567802")
    order = shop.views.line().order
    assert order is not None
    assert (order.id, order.target) == ("first", 5)


def test_what_is_said_to_no_station_is_kept_for_none(shop: Shop) -> None:
    said = Show(StationName("benches"), Tone.GOOD, say("saved"), clock.now_us())
    assert shop.views.show(said).n == 1
    assert all(station.last is None for station in shop.views.line().stations)


def test_every_cause_of_a_stop_has_words() -> None:
    assert set(STOPPED) == set(StopCause)
