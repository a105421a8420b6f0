"""Level 6, portal: what other programs take as it is: things, catalogue, dumps, feeds, reconciliation."""
