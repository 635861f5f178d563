"""What a technician uses at the gate: its map, its program, a live view, and a measured test."""
