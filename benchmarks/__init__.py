"""`make bench`: the project's figures, each beside a floor measured in the same run."""
