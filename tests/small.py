"""What is set for a service whose processes are not what a test looks at: as few as can be, and no dumps."""

from __future__ import annotations

from typing import Final

SMALL: Final = {
    "KOGGE_QUERY_WORKERS": "1",
    "KOGGE_CONTRIBUTION_WORKERS": "1",
    "KOGGE_DUMP_RELEASES": "0",
}
