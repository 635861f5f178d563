"""Who may sign in, and the secrets by which they do."""
