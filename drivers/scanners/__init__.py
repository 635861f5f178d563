"""Code readers, one file a kind."""
