"""The camera role: frames in, codes and evidence out. To the line it is a fixed-mount scanner."""
