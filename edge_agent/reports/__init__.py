"""Reports of shifts and orders, made from the ledger: facts, charts, paper."""
