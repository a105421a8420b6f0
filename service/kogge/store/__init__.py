"""Level 3, store: where the graph lies and how it is asked."""
