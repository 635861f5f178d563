"""The line role: devices, core and ledger tied together."""
