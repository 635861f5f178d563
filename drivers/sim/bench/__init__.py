"""A bench in the simulated plant: what lies on it, and what people there do with a hand scanner."""
