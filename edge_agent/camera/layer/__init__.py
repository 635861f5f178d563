"""Many codes in one picture: which place each has, and which place is empty."""
