"""Programmable logic controllers, one file a kind."""
