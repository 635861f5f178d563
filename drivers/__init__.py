"""Device drivers: bytes and registers in, typed values out."""
