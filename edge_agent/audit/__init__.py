"""The audit trail: what people did, as the ledger has it, readable and with its proof."""
