"""The ledger: the only SQL of the line."""
