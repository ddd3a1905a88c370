"""The level of the traffic, day by day, and how far it may be off: the predictive distribution of a count.

A day's level is that of the day before, or changed a little, times a factor of its own; or it changed once, at some
day, by any amount. How much it drifts, when it changed and how much a day differs are not known, so each combination is
a hypothesis, weighted by how well it predicted each day of the record: with few days many hypotheses remain, and the
intervals are wide, as those of Student's t are. Beforehand, that there is no change at all is as likely as all changes
together: Jeffreys (1961), *Theory of Probability*, section 5.0. Given a hypothesis, the level is followed by the filter
of Kalman (*Journal of Basic Engineering* 82, 1960) for a local level: Harvey (1989), *Forecasting, Structural Time
Series Models and the Kalman Filter*, section 4.1.2; where it changes at once, what was known of it is given up, as in
Harrison and Stevens (*Journal of the Royal Statistical Society B* 38, 1976). Rare counts, such as sales, do not show
how their level moves, so their hypotheses are beforehand about as likely as those of what is more frequent have become:
the robust mixture prior of Schmidli and others, *Biometrics* 70 (2014). Counts are negative binomial around it:
McCullagh and Nelder (1989), *Generalized Linear Models*, section 6.2.3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from datafast_nb.forecast.scientific import scipy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

DRIFTS: Final = (0.0, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32)
"""By how much the level may change from a day to the next: the standard deviation, relative to it."""

SPREADS: Final = (0.0, 0.01, 0.02, 0.035, 0.05, 0.07, 0.1, 0.14, 0.2, 0.3, 0.45, 0.7, 1.0)
"""By how much a day may differ from its level: the standard deviation, relative to it."""

_DAY: Final = 24
_WEEK: Final = 168
_PAST: Final = 56  # days whose forecasts are looked at, and in which the level may have changed at once
CHANGING: Final = 2  # days, of which none tells the level before or after: it may change in the middle of one
_APART: Final = 4  # hours
_TRUST: Final = 14.0  # the number of past forecasts that the model itself is worth
_LIKELY: Final = 1e-4  # of the weight of the best hypothesis; those below are left out
_MOST: Final = 0.9  # of a day; a larger hour says nothing about hours within days
_ALIKE: Final = 0.8  # how likely it is beforehand that what is rare moves as what is more frequent
_NOTHING: Final = 1e-9
_OUTSIDE: Final = 0.05  # of an interval
_FREEDOM: Final = 18.0  # independent deviations that tell as much of how hours vary as the hours of a week do
_MOST_FREEDOM: Final = 1e6  # from which on Student's t is normal


class Clumps(NamedTuple):
    """How much more hours vary than independent arrivals: the variance is mean × (1 + `each`) + mean² × `shared`.

    `freedom` is how many independent deviations tell as much of that as the record does.
    """

    each: float
    shared: float
    freedom: float = _FREEDOM


class Filtered(NamedTuple):
    """The level before each day, a row per day and a column per hypothesis, and the sizes of each hypothesis.

    `level` and `variance`, before the day; `weight`, of each hypothesis given the whole record; `drift` and `spread`,
    the relative variances of a change from a day to the next, and of a day around its level; `since`, the first day of
    the present level, if it probably changed at once, and else 0; `believed`, the weight of every hypothesis, also of
    those so unlikely that they are left out.
    """

    level: Numbers
    variance: Numbers
    weight: Numbers
    drift: Numbers
    spread: Numbers
    since: int
    believed: Numbers


class _Hypotheses(NamedTuple):
    """What each hypothesis says: the relative variances, the day of a change at once (-1: none), and its weight."""

    drift: Numbers
    spread: Numbers
    changes: Numbers
    weight: Numbers


class Level(NamedTuple):
    """What is known of the level at a moment: for what is left of its day, `today`, and for later days, `later`.

    A value per hypothesis each, with their variances and their covariance; `own` is the variance of a later day around
    its level, and `change` that of a change from a day to the next.
    """

    weight: Numbers
    today: Numbers
    later: Numbers
    var_today: Numbers
    var_later: Numbers
    covariance: Numbers
    own: Numbers
    change: Numbers


class Predictive(NamedTuple):
    """The distribution of a count: a mixture of negative binomial ones, of these weights, means and variances.

    `freedom` is that of `Clumps`.
    """

    weight: Numbers
    mean: Numbers
    variance: Numbers
    freedom: float = _FREEDOM


def clumps(counts: Numbers, expected: Numbers) -> Clumps:
    """Estimate how much hours vary within days, by least squares on the squared deviations from each day's own total.

    Parameters
    ----------
    counts, expected : array of days × 24
    """
    import numpy as np

    total = expected.sum(axis=1, keepdims=True)
    share = np.divide(expected, total, out=np.zeros_like(expected), where=total > _NOTHING)
    due = share * counts.sum(axis=1, keepdims=True)
    used = (due > _NOTHING) & (share < _MOST)
    if not used.any():
        return Clumps(0.0, 0.0)
    mean, away = due[used], (counts - due)[used]
    more = away**2 / (1.0 - share[used]) - mean
    found = Clumps(0.0, 0.0)
    for _ in range(3):
        variance = mean * (1.0 + found.each) + mean**2 * found.shared
        found = _least_squares(more, mean, 1.0 / (2.0 * variance**2 + variance))
    return found._replace(freedom=_FREEDOM * max(1.0, len(mean) / _WEEK))


def _least_squares(more: Numbers, mean: Numbers, weight: Numbers) -> Clumps:
    """Fit `more` by each × mean + shared × mean², neither below 0."""
    two, three, four = (float((weight * mean**power).sum()) for power in (2, 3, 4))
    one, square = float((weight * more * mean).sum()), float((weight * more * mean**2).sum())
    alone = (max(one / two, 0.0), max(square / four, 0.0))
    bound = two * four - three**2
    if bound > _NOTHING * two * four:
        each, shared = (one * four - square * three) / bound, (square * two - one * three) / bound
        if each >= 0 and shared >= 0:
            return Clumps(each, shared)
    better = alone[0] * one >= alone[1] * square  # what each explains by itself
    return Clumps(alone[0], 0.0) if better else Clumps(0.0, alone[1])


def followed(counts: Numbers, expected: Numbers, extra: Clumps, base: Filtered | None = None) -> Filtered:
    """Follow the level over the days of a record, of which the last one is not over.

    Parameters
    ----------
    counts, expected : array of days × 24
        What was counted, and what the shape of the week makes expect at a level of 1; both 0 where nothing was watched.
    extra
        How much hours vary.
    base
        The level of something more frequent over the same days. What moved that level probably moved this one, too.
    """
    import numpy as np

    seen, due = counts.sum(axis=1), expected.sum(axis=1)
    drift, spread, changes, beforehand = _hypotheses(len(seen))
    if base is not None:
        beforehand = _ALIKE * base.believed + (1.0 - _ALIKE) * beforehand
    level, variance, weight = np.ones_like(drift), np.ones_like(drift), np.log(beforehand)
    levels, variances = [], []
    for day in range(len(seen)):
        changing = (changes >= 0) & (changes <= day) & (day < changes + CHANGING)
        variance = np.where(changing, np.maximum(level, 1.0) ** 2, variance)
        levels.append(level)
        variances.append(variance)
        if day < len(seen) - 1 and due[day] > _NOTHING:
            whole = variance + spread * level**2 + _by_chance(level, expected[day], extra)
            weight = weight + _log_likelihood(seen[day], level * due[day], whole * due[day] ** 2)
            gain = variance / whole
            level, variance = level + gain * (seen[day] / due[day] - level), variance * (1.0 - gain)
        variance = variance + drift * level**2
    believed = np.exp(weight - weight.max())
    kept = believed > _LIKELY
    believed, weight = believed / believed.sum(), believed[kept] / believed[kept].sum()
    level, variance = np.vstack(levels)[:, kept], np.vstack(variances)[:, kept]
    return Filtered(level, variance, weight, drift[kept], spread[kept], _since(changes[kept], weight), believed)


def _hypotheses(days: int) -> _Hypotheses:
    """Return how the level may behave in a record of this many days, of which the last one is not over.

    It stays as it is, it drifts, or it changes at once, with a whole day after that tells the new level.
    """
    import numpy as np

    first = max(1, days - 1 - _PAST)
    at_once = np.arange(first, days - 1 - CHANGING, CHANGING)
    drift = np.concatenate([np.square(DRIFTS), np.zeros(len(at_once))])
    changes = np.concatenate([np.full(len(DRIFTS), -1), at_once])
    of_level = np.concatenate(
        [[0.5], np.full(len(DRIFTS) - 1, 0.25 / (len(DRIFTS) - 1)), np.full(len(at_once), 0.25 / max(len(at_once), 1))]
    )
    of_day = np.concatenate([[0.5], np.full(len(SPREADS) - 1, 0.5 / (len(SPREADS) - 1))])
    each = len(drift)
    return _Hypotheses(
        np.tile(drift, len(SPREADS)),
        np.repeat(np.square(SPREADS), each),
        np.tile(changes, len(SPREADS)),
        np.outer(of_day, of_level).ravel(),
    )


def _since(changes: Numbers, weight: Numbers) -> int:
    """Return the first day of the present level: after the likeliest change, if a change is likelier than none."""
    import numpy as np

    at_once = changes >= 0
    if weight[at_once].sum() <= 0.5:  # noqa: PLR2004 - as likely as not
        return 0
    return int(np.bincount(changes[at_once].astype(int), weight[at_once]).argmax()) + CHANGING


def _by_chance(level: Numbers, expected: Numbers, extra: Clumps) -> Numbers:
    """Return the variance of counted over expected in some hours that is due to chance alone."""
    due = float(expected.sum())
    more: Numbers = level * due * (1.0 + extra.each) + level**2 * extra.shared * float((expected**2).sum())
    return more / due**2


def level_at(it: Filtered, day: int, counts: Numbers, expected: Numbers, extra: Clumps) -> Level:
    """Return the level at a moment of a day, given what was counted and expected in its hours until then.

    Today's own factor holds for the rest of today, and not for later days.
    """
    import numpy as np

    level, variance = it.level[day], it.variance[day]
    own, change = it.spread * level**2, it.drift * level**2
    due = float(expected.sum())
    if due <= _NOTHING:
        return Level(it.weight, level, level, variance + own, variance, variance, own, change)
    both = variance + own
    whole = both + _by_chance(level, expected, extra)
    off = float(counts.sum()) / due - level
    return Level(
        it.weight,
        np.maximum(level + both / whole * off, _NOTHING),
        np.maximum(level + variance / whole * off, _NOTHING),
        both - both**2 / whole,
        variance - variance**2 / whole,
        variance - variance * both / whole,
        own,
        change,
    )


def predicted(level: Level, expected: Numbers, extra: Clumps, surprise: float = 1.0) -> Predictive:
    """Return the distribution of the sum of counts.

    Parameters
    ----------
    level
        The level.
    expected : array of days × 24
        What the hours to come would bring at a level of 1, from today on: its first row is what is left of today.
    extra
        How much hours vary.
    surprise
        By what to multiply the variance.
    """
    import numpy as np

    days = expected.sum(axis=1)
    rest, ahead = days[0], days[1:]
    steps = np.arange(1, len(ahead) + 1)
    drifted = float(ahead @ np.minimum.outer(steps, steps) @ ahead) if len(ahead) else 0.0
    squares = (expected**2).sum(axis=1)
    of_level = rest**2 * level.var_today + ahead.sum() ** 2 * level.var_later
    of_level = of_level + 2.0 * rest * ahead.sum() * level.covariance + drifted * level.change
    mean = rest * level.today + ahead.sum() * level.later
    shared = extra.shared * (squares[0] * level.today**2 + squares[1:].sum() * level.later**2)
    by_chance = mean * (1.0 + extra.each) + shared
    variance = of_level + float((ahead**2).sum()) * level.own + by_chance
    return Predictive(level.weight, mean, variance * surprise, extra.freedom)


def surprise(counts: Numbers, expected: Numbers, extra: Clumps, it: Filtered, hours: tuple[int, int]) -> float:
    """Return how much farther past forecasts of the same length were off than they predicted, as a ratio of variances.

    Counts depend on each other in more ways than this module knows of: whatever holds for hours makes a difference
    here. The ratio is a mean over at most the last `_PAST` days, and since the level changed at once, mixed with 1.

    Parameters
    ----------
    counts, expected, extra, it
        As for `followed`, and what it gave.
    hours
        The hour of the day when the forecasts were made, and how many hours they are for. For less than a day, those
        made every `_APART` hours count as well.
    """
    import numpy as np

    first, length = hours
    seen, due = counts[:-1].ravel(), expected[:-1].ravel()
    apart = _DAY if length >= _DAY else _APART
    off, tells = [], []
    for start in range(first % apart, _DAY, apart):
        days = -(-(start + length) // _DAY)
        for day in range(max(1, it.since, len(counts) - 1 - _PAST), len(counts) - days):
            now = day * _DAY + start
            ahead = np.zeros((days + 1) * _DAY)
            ahead[start : start + length] = due[now : now + length]
            if ahead.sum() > _NOTHING:
                level = level_at(it, day, seen[now - start : now], due[now - start : now], extra)
                forecast = predicted(level, ahead.reshape(-1, _DAY), extra)
                mean, variance = mean_of(forecast), _variance_of(forecast)
                off.append((seen[now : now + length].sum() - mean) ** 2 / variance)
                tells.append(2.0 / (2.0 + _excess(mean, variance)))
    if not off:
        return 1.0
    independent = sum(tells) * min(1.0, len(counts) * _DAY / length / len(off))
    return (_TRUST + independent * float(np.average(off, weights=tells))) / (_TRUST + independent)


def _excess(mean: float, variance: float) -> float:
    """Return the excess kurtosis of a negative binomial distribution: how little a squared deviation tells of it."""
    return 6.0 * max(variance - mean, 0.0) / max(mean, _NOTHING) ** 2 + 1.0 / variance


def _shapes(mean: Numbers, variance: Numbers) -> tuple[Numbers, Numbers]:
    """Return the size and the probability of SciPy's negative binomial distribution of a mean and a variance."""
    import numpy as np

    mean = np.maximum(mean, _NOTHING)
    more = np.maximum(variance - mean, 1e-6 * mean)  # a Poisson distribution, almost
    return mean**2 / more, mean / (mean + more)


def _log_likelihood(count: float, mean: Numbers, variance: Numbers) -> Numbers:
    import numpy as np

    gammaln = scipy("special").gammaln
    size, share = _shapes(mean, variance)
    found: Numbers = gammaln(size + count) - gammaln(size) - gammaln(count + 1.0)
    found += size * np.log(share) + count * np.log1p(-share)
    return found


def cumulative(it: Predictive, count: float) -> float:
    """Return the probability of this count or fewer."""
    if count < 0:
        return 0.0
    size, share = _shapes(it.mean, it.variance)
    return float(it.weight @ scipy("special").betainc(size, count + 1.0, share))


def exceeding(it: Predictive, count: float) -> float:
    """Return the probability of more than this count, accurate where it is small."""
    if count < 0:
        return 1.0
    size, share = _shapes(it.mean, it.variance)
    return float(it.weight @ scipy("special").betainc(count + 1.0, size, 1.0 - share))


def mean_of(it: Predictive) -> float:
    """Return the mean of a distribution."""
    return float(it.weight @ it.mean)


def _variance_of(it: Predictive) -> float:
    """Return the variance of a distribution."""
    return float(it.weight @ (it.variance + (it.mean - mean_of(it)) ** 2))


def quantile(it: Predictive, share: float) -> int:
    """Return the smallest count that is reached with this probability."""
    return _first(it, lambda count: cumulative(it, count) >= share)


def lower_tail(it: Predictive, most: float) -> float:
    """Return the probability of the largest count, or a lower one, that is `most` or less; 0 if there is none."""
    return cumulative(it, _first(it, lambda count: cumulative(it, count) > most) - 1)


def upper_tail(it: Predictive, most: float) -> float:
    """Return the probability of the smallest count, or a higher one, that is `most` or less."""
    return exceeding(it, _first(it, lambda count: exceeding(it, count - 1) <= most) - 1)


def freedom(it: Predictive, of_learned: float) -> float:
    """Return the degrees of freedom of a variance of which a part is learned, with so many, and a part is known.

    That of independent arrivals is known: Satterthwaite, *Biometrics Bulletin* 2 (1946).
    """
    learned = max(1.0 - mean_of(it) / max(_variance_of(it), _NOTHING), _NOTHING)
    return min(of_learned / learned**2, _MOST_FREEDOM)


def outside(it: Predictive) -> float:
    """Return how much of a distribution is outside of an interval that holds 95 %.

    How much hours vary is itself learned from them, so the tails are those of Student's t: Geisser and Cornfield,
    *Journal of the Royal Statistical Society B* 25 (1963).
    """
    special = scipy("special")
    return 2.0 * float(special.ndtr(special.stdtrit(freedom(it, it.freedom), _OUTSIDE / 2.0)))


def interval(it: Predictive) -> tuple[int, int]:
    """Return the 95 % interval of a count; as in `expectation.interval`, it holds 95 % on average, rather than more."""
    beyond = outside(it)

    def reached(share: float) -> int:
        return _first(it, lambda count: cumulative(it, count) + cumulative(it, count - 1) >= 2.0 * share)

    low = reached(beyond / 2.0)
    beneath = min(cumulative(it, low - 1), beyond / 2.0)
    return low, max(low, reached(1.0 - (beyond - beneath)) - 1)


def _first(it: Predictive, holds: Callable[[int], bool]) -> int:
    """Return the smallest count from which on something holds."""
    import numpy as np

    low, high = -1, int(np.max(it.mean + 20.0 * np.sqrt(it.variance))) + 30
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def drawn(it: Predictive, size: int, draw: np.random.Generator) -> NDArray[np.int64]:
    """Draw counts."""
    which = draw.choice(len(it.weight), size, p=it.weight)
    number, share = _shapes(it.mean, it.variance)
    return draw.negative_binomial(number[which], share[which])
