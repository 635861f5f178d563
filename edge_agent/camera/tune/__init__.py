"""`edge-agent camera tune`: what a technician must know of pictures, and what to configure."""
