"""Level 6, portal: what other programs take as it is: catalogue, dumps, changes, feeds, reconciliation."""
