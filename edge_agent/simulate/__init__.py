"""Whole shifts in virtual time: the real core, ledger, session and gate program on a simulated
belt, with everything going wrong that a seed draws, and what must hold whatever happens
(docs/simulation.md)."""
