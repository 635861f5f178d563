"""Replication of the ledger to headquarters (HQ)."""
