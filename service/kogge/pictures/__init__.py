"""Level 3, pictures: what pages draw, made of numbers and names: maps, time lines, networks. No HTTP here."""
