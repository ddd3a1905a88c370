"""The exceptions that datafast_nb raises; every message says what happened and what to do about it."""


class DataFastError(Exception):
    """Base of all errors of this package: catch it to catch them all."""


class MissingKeyError(DataFastError):
    """No API key was given, or what was given can't be one."""


class AuthenticationError(DataFastError):
    """The service itself does not accept the API key (401)."""


class ForbiddenError(DataFastError):
    """The key lacks a permission, or tracking is suspended for the website (403)."""


class NotFoundError(DataFastError):
    """The service does not know the website (404)."""


class RequestError(DataFastError):
    """The service refuses the request as it stands (400 and the other 4xx)."""


class RetryLaterError(DataFastError):
    """The service can't answer now, and may later.

    Attributes
    ----------
    retry_after : float or None
        Seconds until the service wants to be asked again, or None where it does not say.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimitError(RetryLaterError):
    """The service asks for fewer requests (429)."""


class ServerError(RetryLaterError):
    """The service failed on its side (5xx)."""


class ConnectionFailedError(DataFastError):
    """No usable answer arrived: no route, a timeout, a proxy, TLS, or what broke off or is not HTTP.

    Attributes
    ----------
    may_pass : bool
        Whether the same request may succeed when it is tried again.
    """

    def __init__(self, message: str, *, may_pass: bool = True) -> None:
        super().__init__(message)
        self.may_pass = may_pass


class InvalidResponseError(DataFastError):
    """The answer is not JSON, or not the shape of the realtime map.

    Attributes
    ----------
    path : str
        Where in the response, as a JSON path such as ``$.data.visitors[3].latitude``.
    """

    def __init__(self, message: str, path: str = "$") -> None:
        super().__init__(message)
        self.path = path


class GatewayError(InvalidResponseError, RetryLaterError):
    """Something between here and the service answered in its place: a CDN, a platform, a proxy, a login page.

    A redirect, which is not followed, is such an answer too. It says nothing about the API key or the website, and may
    pass.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class HistoryError(DataFastError):
    """Something is the matter with a history; what was stored before is still there."""


class NotRecordedError(HistoryError):
    """The history holds nothing of this moment, or nothing at all."""


class HistoryInUseError(HistoryError):
    """Another process or object records into this history; there is one writer at a time."""


class HistoryOrderError(HistoryError):
    """The snapshot is older than the history's last one: the clock went back, or snapshots came out of order."""


class HistoryStorageError(HistoryError):
    """The history could not be read or written: no space, no permission, no connection."""


class HistoryFormatError(HistoryError):
    """The tables are damaged, or of a newer version than this package reads."""


class HistoryKeyError(HistoryError, ValueError):
    """The key of the pseudonyms is missing, too short, or not the one that this history was begun with."""


class DrawingError(DataFastError, ValueError):
    """A chart can't be drawn as a picture: what draws has refused it, ended over it, or drawn none of its rows."""


class DrawingWarning(UserWarning):
    """A chart is shown without its picture, because of a `DrawingError`."""


class ResponseWarning(UserWarning):
    """Values of a response fit no column; they became null and rows of ``Snapshot.problems``."""
