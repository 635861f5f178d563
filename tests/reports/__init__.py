"""Reports: facts of real ledgers, charts, paper."""
