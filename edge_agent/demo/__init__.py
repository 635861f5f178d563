"""`edge-agent demo`: a whole line on a simulated plant, and the proof that all agree."""

from edge_agent.demo.options import DemoOptions
from edge_agent.demo.run import run_demo

__all__ = ["DemoOptions", "run_demo"]
