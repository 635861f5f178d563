"""The simulated plant: to the agent it is hardware."""
