"""Level 0, the error tree: what a user may see go wrong, with its HTTP status and a sentence on what to do.

KoggeError                  500  something of ours failed
├── BadRequest              400  a parameter, a query or a document that cannot be understood
│   └── Unreadable          400  a file that is not what its type says; knows line and column
├── Unauthorised            401  no token, or one that opens nothing
├── Forbidden               403  not allowed here (update, a stranger's graph)
├── NotFound                404  no such thing, question or graph
├── NotAcceptable           406  none of the offered representations is wanted
├── SlowRequest             408  a request that did not come in time
├── Conflict                409  a step that does not follow; a version that moved on
│   └── PreconditionFailed  412  made on an older version than the caller thinks
├── Gone                    410  a person's data that was erased
├── TooLarge                413  body, query text or result above a limit
├── UnsupportedType         415  a media type, encoding or format that is not taken
├── OutOfRange              416  a part of a file that there is not
├── Unprocessable           422  understood, but refused: findings, forbidden constructs
│   └── Refused             422  a document with a construct that is not taken; knows line and column
├── TooManyRequests         429  this client asks too much; knows when to ask again
├── Unavailable             503  not ready; try again
│   └── Busy                503  too many wait; knows when to try again
├── OutOfTime               504  a query that was stopped at its deadline
├── DiskFull                507  no room for what should be written; what is there is still read
└── Misconfigured           500  a setting, a data folder or the store cannot be used
    └── Damaged             500  files of the store that are not as they were written

Beside the tree stand `Placed`, what knows line and column, and `Later`, what knows when to ask again.
"""

from __future__ import annotations

from collections.abc import Mapping


class KoggeError(Exception):
    """Root of the tree. `message` says what is wrong, `advice` what to do; both are shown to the user."""

    status = 500
    title = "Something went wrong"

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".strip()


class Placed(KoggeError):
    """At a place of a document; `line` and `column` count from 1 where the format has them."""

    def __init__(
        self, message: str, advice: str = "", *, line: int | None = None, column: int | None = None
    ) -> None:
        super().__init__(message, advice)
        self.line = line
        self.column = column


class Later(KoggeError):
    """May be asked again `retry_after` seconds from now."""

    def __init__(self, message: str, advice: str = "", *, retry_after: int = 1) -> None:
        super().__init__(message, advice)
        self.retry_after = retry_after


class BadRequest(KoggeError):
    """Something given cannot be understood."""

    status = 400
    title = "Bad request"


class Unreadable(Placed, BadRequest):
    """A document is not what its type says."""

    title = "Unreadable document"


class Unauthorised(KoggeError):
    """Nobody is named, or by a token that opens nothing."""

    status = 401
    title = "Not authorised"


class Forbidden(KoggeError):
    """The caller may not do this."""

    status = 403
    title = "Forbidden"


class NotFound(KoggeError):
    """There is no such thing."""

    status = 404
    title = "Not found"


class NotAcceptable(KoggeError):
    """None of the representations on offer is wanted."""

    status = 406
    title = "Not acceptable"


class SlowRequest(KoggeError):
    """The request did not come in time."""

    status = 408
    title = "Request timeout"


class Conflict(KoggeError):
    """A step that does not follow from the state that there is.

    `difference`, where there is one, is that between the version that was meant and the newest: the numbers
    `from` and `to`, and as Turtle what was `added` and `removed`.
    """

    status = 409
    title = "Conflict"

    def __init__(
        self, message: str, advice: str = "", *, difference: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(message, advice)
        self.difference = difference


class Gone(KoggeError):
    """Was there, and was erased."""

    status = 410
    title = "Erased"


class PreconditionFailed(Conflict):
    """The caller asked for something on condition of a version that is not the newest."""

    status = 412
    title = "Made on an older version"


class TooLarge(KoggeError):
    """A body, a query text or a result is above its limit."""

    status = 413
    title = "Too large"


class UnsupportedType(KoggeError):
    """A media type, an encoding or a format is not taken."""

    status = 415
    title = "Unsupported type"


class OutOfRange(KoggeError):
    """The part that is asked for lies behind the end; `size` is that of the whole in bytes."""

    status = 416
    title = "No such range"

    def __init__(self, message: str, advice: str = "", *, size: int = 0) -> None:
        super().__init__(message, advice)
        self.size = size


class Unprocessable(KoggeError):
    """Understood, but refused."""

    status = 422
    title = "Not acceptable content"


class Refused(Placed, Unprocessable):
    """A document has what is not taken."""

    title = "Refused document"


class TooManyRequests(Later):
    """This client asks too much."""

    status = 429
    title = "Too many requests"


class Unavailable(KoggeError):
    """Not ready; `retry_after` seconds from now it may be tried again."""

    status = 503
    title = "Not available now"
    retry_after = 5


class Busy(Later, Unavailable):
    """Too many wait, or the process that should answer was lost."""


class OutOfTime(KoggeError):
    """A query was stopped at its deadline."""

    status = 504
    title = "Out of time"


class DiskFull(KoggeError):
    """There is no room for what should be written; what is there is still read."""

    status = 507
    title = "No room on the disk"

    def __init__(self, message: str, advice: str = "Make room on the disk, and send it again.") -> None:
        super().__init__(message, advice)


class Misconfigured(KoggeError):
    """A setting, a data folder or the store cannot be used."""

    title = "Wrong configuration"


class Damaged(Misconfigured):
    """Files of the store are not as they were written."""
