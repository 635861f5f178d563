"""The course of the demo: set up, run the belt, let everything come to rest, reconcile."""

import asyncio
import contextlib
import logging
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from drivers.sim.bench.hand_scanner import HandScanner
from drivers.sim.truth import Truth, load_truth
from edge_agent.config import LineConfig
from edge_agent.control import ControlError, ask
from edge_agent.demo import case_camera, screens
from edge_agent.demo.accounts import Hq, Records, read_ledger
from edge_agent.demo.options import HQ_OFFLINE, DemoError, DemoOptions
from edge_agent.demo.processes import PlantProcess, Role
from edge_agent.demo.progress import belt_progress
from edge_agent.demo.reconcile import (
    NO_OUTCOME,
    Difference,
    account_of_events,
    account_of_truth,
    bad_passed,
    compare,
    differing,
    good_ejected,
    verdicts,
    verdicts_by_fault,
)
from edge_agent.demo.report import Findings, show
from edge_agent.demo.rework_table import ReworkTable, repaired
from edge_agent.demo.workspace import (
    CAMERA,
    CASE_SIZE,
    LINE,
    PALLET_SIZE,
    REWORK,
    PlantAddress,
    Workspace,
    command,
)
from edge_agent.hmi.line_link import LineLink
from edge_agent.ledger.errors import LedgerError
from edge_agent.logs import configure_logs

READY_S = 60
STAY_S = 12 * 3_600
SETTLE_S = 60
HQ_OFFLINE_S = 3
HQ_OFFLINE_AT = 0.4
"""How much of the belt has run when HQ goes away."""
NICENESS = {"camera": 5, "hmi": 5, "sync": 15, "hq": 15}
"""How far each role stands behind the line, as on a line PC by systemd."""
_POLL_S = 0.2


def run_demo(options: DemoOptions) -> int:
    """Run the demo and print its result.

    0 if all agree, 1 if not, 2 if it could not be run, 130 if it was interrupted (SIGINT, SIGTERM)
    before it had a result.
    """
    configure_logs(logging.CRITICAL)  # each role has a log of its own; here the result is told
    console = Console()
    if not console.is_terminal:
        console.width = 120  # a log has no width of its own
    try:
        options.check()
        workspace = Workspace(options.keep or Path(tempfile.mkdtemp(prefix="edge-agent-demo-")))
    except DemoError as error:
        return _refuse(error, console)
    found: list[Findings] = []

    def tell(findings: Findings) -> None:
        show(findings, console)
        if options.json_file is not None:
            findings.save(options.json_file)
        found.append(findings)

    status = 130
    try:
        asyncio.run(_Demo(options, workspace, console).run(tell))
    except DemoError as error:
        status = _refuse(error, console)
    except (KeyboardInterrupt, asyncio.CancelledError):
        if not found:
            console.print("demo: stopped before its end")
    finally:
        workspace.close()
    if found:
        status = 0 if found[0].agree else 1
    if options.keep is None and status == 0:
        shutil.rmtree(workspace.root)
    else:
        console.print(f"everything is kept in {workspace.root}", markup=False)
    return status


def _refuse(error: DemoError, console: Console) -> int:
    console.print(f"demo: {error}", style="bold red", markup=False)
    return 2


class _Demo:
    """One run, with its processes."""

    def __init__(self, options: DemoOptions, workspace: Workspace, console: Console) -> None:
        self._options = options
        self._workspace = workspace
        self._console = console
        self._roles: dict[str, Role] = {}
        self._plant: PlantProcess | None = None
        self._started_s = time.monotonic()

    async def run(self, tell: Callable[[Findings], None]) -> None:
        """Run to the end; `tell` is given the result. Raises DemoError when a process cannot be
        kept running or does not get ready."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  a coroutine runs in a task
        for number in (signal.SIGINT, signal.SIGTERM):
            # Also where SIGINT is ignored, as a shell's background jobs have it.
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        try:
            async with asyncio.TaskGroup() as group:
                await self._course(group, tell)
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        finally:
            for role in self._roles.values():
                await role.stop()
            if self._plant is not None:
                await self._plant.stop()

    async def _course(self, group: asyncio.TaskGroup, tell: Callable[[Findings], None]) -> None:
        config, hq = await self._set_up()
        line = LineLink(config.control_path("line"))
        jobs = [group.create_task(role.keep()) for role in self._roles.values()]
        jobs.append(group.create_task(line.run()))
        with contextlib.closing(HandScanner(self._workspace.rework_link)) as scanner:
            for role in self._roles.values():
                role.start()
            await self._until(
                READY_S, lambda: hq.is_up() and _is_ready(config), "roles are not ready"
            )
            badge = await asyncio.to_thread(screens.hire, config)
            screens.present(config, self._console)
            table = ReworkTable(REWORK, scanner, badge, line, lambda: _labelled(config))
            working = group.create_task(table.work())
            await self._run_belt()
            table.end_soon()
            await working
            findings = await self._reckon(config, hq, table)
            findings.seconds = round(time.monotonic() - self._started_s, 1)
            tell(findings)
            if self._options.stay:
                self._console.print(
                    f"the screens stay for {STAY_S // 3_600} hours; Ctrl-C ends the demo"
                )
                await asyncio.sleep(STAY_S)
        for job in jobs:
            job.cancel()
        hq.close()

    async def _reckon(self, config: LineConfig, hq: Hq, table: ReworkTable) -> Findings:
        truth = load_truth(self._workspace.truth_path)
        asked = self._options
        findings = Findings(asked.units, asked.rate, asked.seed, asked.faults)
        findings.settled = await self._settle(config, truth, findings, hq)
        findings.repairs = dict(Counter(repair.mend.value for repair in table.done))
        findings.differences = repaired(truth, table.done)
        await self._reconcile(config, truth, findings, hq)
        return findings

    # --- before ----------------------------------------------------------------------------

    async def _set_up(self) -> tuple[LineConfig, Hq]:
        """Start the plant, configure the line for it; the roles are ready to be started."""
        space = self._workspace
        self._plant = await PlantProcess.start(
            self._plant_arguments(), space.logs_dir / "plant.log"
        )
        ready = await self._plant.said()
        address = PlantAddress(ready["scanner"], ready["packing"], ready["modbus"], ready["camera"])
        port, hmi_port = space.hold_port(), space.hold_port()
        config = await asyncio.to_thread(space.set_up, address, port, hmi_port)
        for name, arguments in {
            "hq": ["hq", "--data", str(space.hq_dir), "--port", str(port)],
            "line": ["line", str(space.config_path)],
            "camera": ["camera", str(space.config_path), CAMERA],
            "sync": ["sync", str(space.config_path)],
            "hmi": ["hmi", str(space.config_path)],
        }.items():
            log = space.logs_dir / f"{name}.log"
            niceness = NICENESS.get(name, 0)
            self._roles[name] = Role(name, arguments, log, self._write_pids, niceness)
        return config, Hq(f"http://127.0.0.1:{port}", space.token(), LINE)

    def _plant_arguments(self) -> list[str]:
        options = self._options
        settings: dict[str, object] = {
            "workspace": self._workspace.plant_dir,
            "units": options.units,
            "rate": options.rate,
            "seed": options.seed,
            "faults": options.plant_faults,
            "case-size": CASE_SIZE,
            "pallet-size": PALLET_SIZE,
            "timeout-s": 300 + 2 * 60 * options.units / options.rate + STAY_S * options.stay,
        }
        return [f"--{name}={value}" for name, value in settings.items()]

    def _write_pids(self) -> None:
        pids = {name: role.pid for name, role in self._roles.items()}
        if self._plant is not None:
            pids["plant"] = self._plant.process.pid
        self._workspace.write_pids({name: pid for name, pid in pids.items() if pid is not None})

    # --- the belt --------------------------------------------------------------------------

    async def _run_belt(self) -> None:
        assert self._plant is not None  # noqa: S101  _set_up has started it
        units = self._options.units
        hq_is_due = HQ_OFFLINE in self._options.faults
        outage: asyncio.Task[None] | None = None
        with belt_progress(self._console, units) as tell:
            async for said in self._plant.run_belt():
                tell(said)
                if hq_is_due and outage is None and said["items"] >= HQ_OFFLINE_AT * units:
                    outage = asyncio.create_task(self._take_hq_away())
                if said["event"] == "stopped":
                    raise DemoError("the plant was told to stop before its belt was empty")
        if outage is not None:
            await outage

    async def _take_hq_away(self) -> None:
        await self._roles["hq"].stop()
        await asyncio.sleep(HQ_OFFLINE_S)
        self._roles["hq"].start()

    # --- after -----------------------------------------------------------------------------

    async def _settle(self, config: LineConfig, truth: Truth, findings: Findings, hq: Hq) -> bool:
        """Let the line hear of every item, end it, and bring everything to HQ."""
        last_item = max(item.number or 0 for item in truth.items)

        def line_is_done() -> bool:
            status = ask(config.control_path("line"), "status")
            findings.latency, findings.suppressed = status["latency"], status["suppressed"]
            return status["waiting"] == 0 and _knows(config, last_item)

        def camera_is_done() -> bool:
            findings.camera = ask(config.control_path(f"camera-{CAMERA}"), "status")
            account = case_camera.CameraAccount.of(read_ledger(config.ledger_path).events())
            return case_camera.is_settled(account, config.evidence_path(CAMERA))

        def hq_is_done() -> bool:
            head = len(read_ledger(config.ledger_path).journal)
            if hq.cursor() < head:
                command("sync", str(self._workspace.config_path), "--now")
            return hq.cursor() == head

        try:
            await self._until(SETTLE_S, line_is_done, "the line still waits for items")
            await self._until(SETTLE_S, camera_is_done, "pictures of rejects are not kept")
            if not self._options.stay:
                await self._roles["camera"].stop()
                await self._roles["line"].stop()
            await self._until(SETTLE_S, hq_is_done, "HQ lacks events")
        except DemoError as error:
            self._console.print(str(error), style="red", markup=False)
            return False
        return True

    async def _reconcile(
        self, config: LineConfig, truth: Truth, findings: Findings, hq: Hq
    ) -> None:
        here = await asyncio.to_thread(read_ledger, config.ledger_path)
        there = await asyncio.to_thread(hq.read)
        ledger = account_of_events(here.events())
        accounts = {
            "plant": account_of_truth(truth, ledger.gate),
            "ledger": ledger,
            "HQ": account_of_events(there.events()),
        }
        given = verdicts(here.events())
        findings.counts = {who: account.counts() for who, account in accounts.items()}
        findings.differences += compare(accounts) + _record_differences(here, there)
        camera = case_camera.CameraAccount.of(here.events())
        pictures = config.evidence_path(CAMERA)
        findings.differences += case_camera.label_differences(camera, truth)
        findings.differences += case_camera.picture_differences(camera, pictures)
        findings.camera = case_camera.counts(camera, truth, pictures, findings.camera)
        findings.bad_passed = bad_passed(truth)
        findings.by_fault = verdicts_by_fault(truth, given)
        findings.good_ejected = good_ejected(truth, given)
        findings.outages = truth.outages | {HQ_OFFLINE: int(HQ_OFFLINE in self._options.faults)}
        findings.restarts = {name: role.restarts for name, role in self._roles.items()}
        try:
            findings.ledger = await asyncio.to_thread(
                command, "ledger", "verify", str(self._workspace.config_path)
            )
            findings.ledger_good = True
        except DemoError as error:
            findings.ledger = str(error)

    async def _until(self, limit_s: float, holds: Callable[[], bool], otherwise: str) -> None:
        """Wait until `holds`. Raises DemoError saying `otherwise` and the last refusal."""
        deadline_s = time.monotonic() + limit_s
        refusal = ""
        while time.monotonic() < deadline_s:
            try:
                if await asyncio.to_thread(holds):
                    return
            except (ControlError, LedgerError, DemoError) as error:
                refusal = f": {error}"
            await asyncio.sleep(_POLL_S)
        raise DemoError(f"{otherwise} after {limit_s} s{refusal}")


def _is_ready(config: LineConfig) -> bool:
    """Whether sync answers, the screens are served, the camera sees, and the line has every device
    and knows where the PLC counts."""
    ask(config.control_path("sync"), "status")
    camera = ask(config.control_path(f"camera-{CAMERA}"), "status")
    status = ask(config.control_path("line"), "status")
    links = {device["link"] for device in status["devices"].values()}
    return (
        screens.are_up(config)
        and camera["fault"] is None
        and links == {"up"}
        and all(gate["armed"] for gate in status["gates"].values())
    )


def _labelled(config: LineConfig) -> dict[str, tuple[str, ...]]:
    """What lies in the cases that have their label."""
    closed = account_of_events(read_ledger(config.ledger_path).events()).closed
    return {case: units for case, units in closed.items() if units and units[0].startswith("01")}


def _knows(config: LineConfig, last_item: int) -> bool:
    gate = account_of_events(read_ledger(config.ledger_path).events()).gate
    return gate.get(last_item, NO_OUTCOME) != NO_OUTCOME


def _record_differences(here: Records, there: Records) -> list[Difference]:
    """Whether HQ holds the ledger's very rows, and the same tree, node by node."""
    return differing("event", {"ledger": here.journal, "HQ": there.journal}) + differing(
        "node", {"ledger": here.nodes, "HQ": there.nodes}
    )
