"""Level 6, portal: what other programs take: things, catalogue, dumps, changes, feeds, reconciliation."""
