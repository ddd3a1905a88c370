"""An alert: what to look for, and whom to notify."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, get_args

import polars as pl

from datafast_nb.alerts.addresses import concealed
from datafast_nb.alerts.backtest import Backtest, backtest
from datafast_nb.alerts.condition import checked_for, parsed
from datafast_nb.alerts.destinations import Destination, destinations
from datafast_nb.alerts.memory import fingerprint
from datafast_nb.alerts.message import Notice, Written, check_template, checked_site
from datafast_nb.alerts.rate import Rate
from datafast_nb.alerts.rows import PROBABILITY, About, schema_of
from datafast_nb.checks import checked_choice
from datafast_nb.conversion.frames import Frame
from datafast_nb.conversion.predictor import Predictor
from datafast_nb.errors import AlertError
from datafast_nb.forecast.record import Record
from datafast_nb.text import plain

Notify = str | Callable[[Notice], object]
"""A function, ``print``, ``"desktop"``, or a URL."""

_LONGEST: Final = 80  # characters of a name


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Alert:
    """What to look for on a website, and whom to notify.

    Parameters
    ----------
    where : str or polars.Expr, optional
        A condition that is true for the rows to report: SQL, or a Polars expression. By default, every row is
        reported. It can use these columns:

        - for visitors, those of ``schema.VISITORS``, the derived dimensions (``page``, ``channel``, ``visit_kind``,
          ``score_band``, ``confidence_band``) and, if `watch` is given a model, ``probability``
        - for payments, those of ``schema.PAYMENTS``
        - for goals, those of ``schema.EVENTS``, and ``page``
        - for traffic, ``visitors``, ``customers``, ``prospects`` and ``returning`` (people now), ``pageviews``,
          ``goals``, ``payments`` and ``revenue`` (of the last ten minutes; null if it is of several currencies)

        With several sites, each row also has its ``site``. Without a condition, traffic is reported if it is not as
        usual, which takes a history of at least seven days: ``dfn.watch(…, history=history)``.
    about : str
        What a row is: ``visitor``, ``payment``, ``goal`` (an event that is neither a page view nor a payment), or
        ``traffic``: the totals of the website, in one row.
    notify : str, function or list of these
        A function that is called with each message (a `Notice`, which is a text with the rows that it is about; what it
        prints appears under the notebook cell that began to watch), ``print``, ``"desktop"`` (of the computer that
        Python runs on), a URL of `Apprise <https://github.com/caronc/apprise/wiki>`_ (mail, Slack, Telegram, ntfy and
        many others), any other ``https://`` URL, which then receives JSON, or ``env:NAME`` for a URL in an environment
        variable. All but functions need the extra ``alerts``: ``pip install 'datafast_nb[alerts]'``.
    at_most : str or None
        How many messages at most in which time, such as ``1 per 10m``. What happens meanwhile is reported in the
        next message. None sends a message for each snapshot with news.
    message : str or function, optional
        A template with names of columns in braces, such as ``"{city}: {score:.0f}"``, or a function that returns the
        text from the frame of new rows. A template can also use ``{who}``, ``{place}``, ``{page}``, ``{link}``,
        ``{more}`` ("and 37 more") and ``{alert}``.
    name : str, optional
        The title of the messages; by default, what the alert is about and its condition.
    goal : str, optional
        For ``about="goal"``, the name of the goal; by default any.
    names : bool
        Whether messages hold people's names and addresses. By default, they hold pseudonyms.
    site : str, optional
        The website's address, to which messages link, such as ``https://example.com``. By default, it is taken from
        the pages of visitors, if more than half of them, and at least three, give it.

    Raises
    ------
    AlertError
        The condition, the URL or the template does not fit; the message says what to give.
    ImportError
        A URL is given, but Apprise is not installed.

    See Also
    --------
    datafast_nb.watch : Watch for it.

    Notes
    -----
    Each visitor, payment and goal is reported once. For traffic, a message says that the condition became true, and
    another that it is over ("back to usual"). A customer's ``score`` is 100: add ``and not is_customer`` to look for
    prospects only.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> dfn.Alert(where="score > 80 and country_code = 'DE'", about="visitor", notify=print)
    <Alert "visitor: score > 80 and country_code = 'DE'", notifies print, at most 1 per 10m>
    >>> dfn.Alert(where="scor > 80")
    Traceback (most recent call last):
    datafast_nb.errors.AlertError: There is no column 'scor' in the rows of about='visitor'. Did you mean 'score'?...
    """

    name: str
    about: About
    condition: pl.Expr | None
    notify: tuple[Destination, ...]
    at_most: str | None
    rate: Rate | None
    message: Written
    goal: str | None
    names: bool
    site: str | None
    fingerprint: str

    def __init__(  # noqa: PLR0913 - all but the first few are rarely given
        self,
        where: str | pl.Expr | None = None,
        about: About = "visitor",
        notify: Notify | Sequence[Notify] = print,
        at_most: str | None = "1 per 10m",
        message: Written = None,
        *,
        name: str | None = None,
        goal: str | None = None,
        names: bool = False,
        site: str | None = None,
    ) -> None:
        given = concealed(notify)
        del notify  # a traceback shows the remaining variables
        found = destinations(given)
        about = checked_choice(about, get_args(About), "about")
        if goal is not None and about != "goal":
            raise AlertError(f"goal is the name of a goal: it needs about='goal', not about={about!r}.")
        if not isinstance(goal, str | None):
            raise TypeError(f"goal takes the name of a goal, as text, not {goal!r:.60}.")
        if not isinstance(names, bool):
            raise TypeError(f"names takes True or False, not {names!r:.60}.")
        schema = schema_of(about, model=True)
        condition = None if where is None else parsed(where)
        if condition is not None:
            checked_for(condition, schema, about)
        if isinstance(message, str):
            check_template(message, schema)
        elif message is not None and not callable(message):
            raise TypeError(f"message takes a template, such as '{{city}}', or a function, not {message!r:.60}.")
        words = where if isinstance(where, str) else "any" if where is None else str(where)
        words = f"{about}: {f'{goal}, ' if goal else ''}{' '.join(words.split())}"
        values: dict[str, Any] = {
            "name": plain(name or words, _LONGEST),
            "about": about,
            "condition": condition,
            "notify": found,
            "at_most": at_most,
            "rate": Rate.of(at_most),
            "message": message,
            "goal": goal,
            "names": names,
            "site": checked_site(site),
            "fingerprint": fingerprint(name or words),
        }
        for attribute, value in values.items():
            object.__setattr__(self, attribute, value)

    @property
    def needs_model(self) -> bool:
        """Whether the condition uses the probability that a model gives."""
        return self.condition is not None and PROBABILITY in self.condition.meta.root_names()

    @property
    def needs_history(self) -> bool:
        """Whether it reports unusual traffic, which takes a history."""
        return self.about == "traffic" and self.condition is None

    def matching(self, rows: Frame) -> Frame:
        """Return the rows for which the condition is true."""
        if self.goal is not None:
            rows = rows.filter(pl.col("type") == self.goal)
        return rows if self.condition is None else rows.filter(self.condition)

    def backtest(
        self,
        history: Record,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        model: Predictor | None = None,
    ) -> Backtest:
        """Return the messages that this alert would have sent in the past.

        Parameters
        ----------
        history
            A history of the website.
        start, end
            Only what was seen from `start` until before `end` (with a time zone); by default, the whole history.
        model
            A model as ``dfn.learn`` makes it, for a condition with ``probability``. It should not have learned from
            the time that it is tried on: ``dfn.learn(history, end=start)``.

        Returns
        -------
        Backtest
            ``messages`` has a row for each message: ``at``, ``over`` and ``count``; it prints as a sentence, and
            ``dfn.charts.alerts`` draws it.

        Raises
        ------
        AlertError
            The condition uses ``probability``, but there is no model; or an alert about traffic has no condition, or
            one that compares moments.
        NotRecordedError
            Nothing was recorded in this span.

        Notes
        -----
        An event or a payment is judged by its first appearance in a snapshot. A condition that uses ``probability``, or
        compares the rows of a snapshot with each other, is evaluated snapshot by snapshot. That takes 10 to 20 ms each,
        such as two minutes for a day recorded every ten seconds. Any other condition is evaluated once for the span.

        Examples
        --------
        >>> import datafast_nb as dfn
        >>> history = dfn.History("site-history")  # doctest: +SKIP
        >>> dfn.Alert(where="score > 80 and not is_customer").backtest(history)  # doctest: +SKIP
        visitor: score > 80 and not is_customer: would have told you 4 times in the last week, and 19 in all (…).
        """
        return backtest(self, history, start, end, model)

    def __repr__(self) -> str:
        if "notify" not in vars(self):  # a traceback shows one that is being made
            return "<Alert>"
        notified = ", ".join(each.name for each in self.notify)
        rate = "" if self.at_most is None else f", at most {self.at_most}"
        quote = "'" if '"' in self.name else '"'
        return f"<Alert {quote}{self.name}{quote}, notifies {notified}{rate}>"
