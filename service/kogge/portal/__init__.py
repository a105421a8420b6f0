"""Level 6, portal: what other programs take as a whole: datasets, their dumps, catalogue and feeds."""
