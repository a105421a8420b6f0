"""Level 8, `python -m kogge`: the same as the command `kogge`."""

from __future__ import annotations

import sys

from kogge.cli import main

if __name__ == "__main__":
    sys.exit(main())
