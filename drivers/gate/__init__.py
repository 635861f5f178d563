"""The reject gate's program and its registers: one algorithm, wherever it runs.

In a PLC it is the function block of `gate_block.st`; on remote I/O, which runs no program, the line
PC runs `block.GateBlock` itself; and the simulated plant runs it as its PLC. docs/gate.md tells it
in words and pictures.
"""
