"""The command: look, and serve what is seen until Ctrl-C."""

from collections.abc import Callable

from edge_agent.camera.tune.frames import runs
from edge_agent.camera.view.server import HOST, listen, serve
from edge_agent.camera.view.watching import RoleEyes, SourceEyes, Watcher
from edge_agent.config import LineConfig


def view(config: LineConfig, name: str, port: int, say: Callable[[str], None]) -> None:
    """Serve the page of camera `name` on 127.0.0.1:`port`, 0 for any, until SIGINT or SIGTERM.

    The pictures are those of its role where that runs, for a camera has one reader. Raises
    ViewError.
    """
    with listen(port) as listener:
        eyes = RoleEyes(config, name) if runs(config, name) else SourceEyes(config, name)
        watcher = Watcher(eyes.look, eyes.close)
        watcher.start()
        try:
            say(f"http://{HOST}:{listener.getsockname()[1]}/ shows camera {name}; Ctrl-C ends it")
            serve(watcher, listener)
        finally:
            watcher.stop(within_s=3)
