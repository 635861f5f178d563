"""A packing line without the iron: conveyor, photo-eye, scanners, PLC, packer, and what is true.

It runs as a process of its own (``python -m drivers.sim``) and offers what hardware offers: a
serial device, a scanner on TCP, a controller on Modbus TCP. The agent cannot tell it from a line.
"""
