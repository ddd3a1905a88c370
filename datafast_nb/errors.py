"""The exceptions that datafast_nb raises; every message says what happened and what to do about it."""


class DataFastError(Exception):
    """The base class of all errors of this package."""


class MissingKeyError(DataFastError):
    """No API key was given, or the given text can't be one."""


class AuthenticationError(DataFastError):
    """The service does not accept the API key (401)."""


class ForbiddenError(DataFastError):
    """The key lacks a permission, or tracking is suspended for the website (403)."""


class NotFoundError(DataFastError):
    """The service does not know the website (404)."""


class RequestError(DataFastError):
    """The service refuses the request (400 and other 4xx)."""


class RetryLaterError(DataFastError):
    """The service can't answer now, but may later.

    Attributes
    ----------
    retry_after : float or None
        Seconds until the service accepts the next request, or None if it does not say.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimitError(RetryLaterError):
    """The service asks for fewer requests (429)."""


class ServerError(RetryLaterError):
    """The service failed on its side (5xx)."""


class ConnectionFailedError(DataFastError):
    """No usable response arrived: no route, a timeout, a proxy, TLS, or a response that broke off or is not HTTP.

    Attributes
    ----------
    may_pass : bool
        Whether the same request may succeed when retried.
    """

    def __init__(self, message: str, *, may_pass: bool = True) -> None:
        super().__init__(message)
        self.may_pass = may_pass


class InvalidResponseError(DataFastError):
    """The response is not JSON, or does not have the shape of the realtime map.

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

    A redirect, which is not followed, counts as one of these. Such a response says nothing about the API key or the
    website, and may be temporary.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class HistoryError(DataFastError):
    """A history has a problem; everything stored before is still there."""


class NotRecordedError(HistoryError):
    """The history holds nothing for this moment, or nothing at all."""


class HistoryInUseError(HistoryError):
    """Another process or object is recording into this history; there is one writer at a time."""


class HistoryOrderError(HistoryError):
    """The snapshot is older than the last one in the history: the clock went back, or snapshots came out of order."""


class HistoryStorageError(HistoryError):
    """The history could not be read or written: no space, no permission, no connection."""


class HistoryFormatError(HistoryError):
    """The tables are damaged, or their version is newer than this package can read."""


class HistoryKeyError(HistoryError, ValueError):
    """The key for pseudonyms is missing, too short, or not the one that this history began with."""


class TooLittleRecordedError(HistoryError, ValueError):
    """The history is too short, or has too many gaps, for what is asked; the message says what to record."""


class ModelError(DataFastError, ValueError):
    """The model can't be used here: it is of another website, of another version, or not a model."""


class AlertError(DataFastError, ValueError):
    """An alert can't work as given: its condition, its channel, its message, or the file of what was reported."""


class AlertsInUseError(AlertError):
    """Another watcher uses the file of what was reported; there is one at a time."""


class DrawingError(DataFastError, ValueError):
    """A chart can't be drawn as a picture: the renderer refused it, crashed, or drew none of its rows."""


class DrawingWarning(UserWarning):
    """A chart is shown without its picture, because of a `DrawingError`."""


class ResponseWarning(UserWarning):
    """Values of a response fit no column; they became null, and rows of ``Snapshot.problems``."""
