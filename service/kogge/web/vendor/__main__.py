"""Level 8, web, vendor: the command that fetches or checks the parts that others made."""

from __future__ import annotations

import argparse
import logging
import sys

from kogge.errors import KoggeError
from kogge.web.vendor import fetch, wrong

log = logging.getLogger(__name__)


def main(argv: list[str] | None = None) -> int:
    """Fetches or checks; 0 if all files are there as they should be."""
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    parser = argparse.ArgumentParser(prog="python -m kogge.web.vendor", description="The parts of the pages.")
    parser.add_argument("--check", action="store_true", help="only look whether they are there")
    only_check = parser.parse_args(argv).check
    try:
        if not only_check and wrong():
            fetch()
    except KoggeError as error:
        log.error("%s", error)
        return 1
    if missing := wrong():
        log.error("Missing or not as they should be: %s", ", ".join(missing))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
