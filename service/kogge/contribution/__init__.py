"""Level 5, contribution: what a partner sends → read, owned, judged: canonical content, and findings."""
