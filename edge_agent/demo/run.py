"""The course of the demo: set up, run the belt, let everything come to rest, reconcile."""

import asyncio
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from drivers.sim.truth import Truth, load_truth
from edge_agent.config import LineConfig
from edge_agent.control import ControlError, ask
from edge_agent.demo import case_camera
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
from edge_agent.demo.workspace import (
    CAMERA,
    CASE_SIZE,
    LINE,
    PALLET_SIZE,
    PlantAddress,
    Workspace,
    command,
)
from edge_agent.ledger.errors import LedgerError

READY_S = 60
SETTLE_S = 60
HQ_OFFLINE_S = 3
HQ_OFFLINE_AT = 0.4
"""How much of the belt has run when HQ goes away."""
NICENESS = {"camera": 5, "sync": 15, "hq": 15}
"""How far each role stands behind the line, as on a line PC by systemd."""
_POLL_S = 0.2


def run_demo(options: DemoOptions) -> int:
    """Run the demo and print its result.

    0 if all agree, 1 if not, 2 if it could not be run, 130 if it was interrupted (SIGINT, SIGTERM).
    """
    console = Console()
    if not console.is_terminal:
        console.width = 120  # a log has no width of its own
    try:
        options.check()
        workspace = Workspace(options.keep or Path(tempfile.mkdtemp(prefix="edge-agent-demo-")))
    except DemoError as error:
        return _refuse(error, console)
    try:
        findings = asyncio.run(_Demo(options, workspace, console).run())
        show(findings, console)
        if options.json_file is not None:
            findings.save(options.json_file)
        status = 0 if findings.agree else 1
    except DemoError as error:
        status = _refuse(error, console)
    except KeyboardInterrupt:
        console.print("demo: stopped before its end")
        status = 130
    finally:
        workspace.close()
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

    async def run(self) -> Findings:
        """Raises DemoError when a process cannot be kept running or does not get ready."""
        started_s = time.monotonic()
        asyncio.get_running_loop().add_signal_handler(
            signal.SIGTERM, signal.raise_signal, signal.SIGINT
        )
        try:
            async with asyncio.TaskGroup() as group:
                findings = await self._course(group)
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        finally:
            for role in self._roles.values():
                await role.stop()
            if self._plant is not None:
                await self._plant.stop()
        findings.seconds = round(time.monotonic() - started_s, 1)
        return findings

    async def _course(self, group: asyncio.TaskGroup) -> Findings:
        config, hq = await self._set_up()
        keepers = [group.create_task(role.keep()) for role in self._roles.values()]
        for role in self._roles.values():
            role.start()
        await self._until(READY_S, lambda: hq.is_up() and _is_ready(config), "roles are not ready")
        await self._run_belt()
        truth = load_truth(self._workspace.truth_path)
        asked = self._options
        findings = Findings(asked.units, asked.rate, asked.seed, asked.faults)
        findings.settled = await self._settle(config, truth, findings, hq)
        await self._reconcile(config, truth, findings, hq)
        for keeper in keepers:
            keeper.cancel()
        hq.close()
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
        port = space.hold_hq_port()
        config = await asyncio.to_thread(space.set_up, address, port)
        for name, arguments in {
            "hq": ["hq", "--data", str(space.hq_dir), "--port", str(port)],
            "line": ["line", str(space.config_path)],
            "camera": ["camera", str(space.config_path), CAMERA],
            "sync": ["sync", str(space.config_path)],
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
            "timeout-s": 300 + 2 * 60 * options.units / options.rate,
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
        findings.differences = compare(accounts) + _record_differences(here, there)
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
    """Whether sync answers, the camera sees, and the line has every device and knows where the PLC
    counts."""
    ask(config.control_path("sync"), "status")
    camera = ask(config.control_path(f"camera-{CAMERA}"), "status")
    status = ask(config.control_path("line"), "status")
    links = {device["link"] for device in status["devices"].values()}
    return (
        camera["fault"] is None
        and links == {"up"}
        and all(gate["armed"] for gate in status["gates"].values())
    )


def _knows(config: LineConfig, last_item: int) -> bool:
    gate = account_of_events(read_ledger(config.ledger_path).events()).gate
    return gate.get(last_item, NO_OUTCOME) != NO_OUTCOME


def _record_differences(here: Records, there: Records) -> list[Difference]:
    """Whether HQ holds the ledger's very rows, and the same tree, node by node."""
    return differing("event", {"ledger": here.journal, "HQ": there.journal}) + differing(
        "node", {"ledger": here.nodes, "HQ": there.nodes}
    )
