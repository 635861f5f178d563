"""`edge-agent camera view`: what the camera sees, live on a page, for aiming and focusing."""
