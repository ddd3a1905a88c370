"""Conversion analysis: who is likely to buy, where they come from, what they are worth, and how certain that is.

Everything here is a pure function, frame in and frame out, written once as Narwhals expressions. A Polars
``LazyFrame``, a DuckDB relation, a PySpark ``DataFrame`` or any other lazy frame stays lazy: nothing is computed until
the caller collects it.
"""

from datafast_nb.conversion.breakdown import breakdown as breakdown
from datafast_nb.conversion.breakdown import summary as summary
from datafast_nb.conversion.compare import compare as compare
from datafast_nb.conversion.dimensions import ALIASES as ALIASES
from datafast_nb.conversion.dimensions import CONFIDENT as CONFIDENT
from datafast_nb.conversion.dimensions import Derived as Derived
from datafast_nb.conversion.dimensions import Dimension as Dimension
from datafast_nb.conversion.dimensions import dimension_names as dimension_names
from datafast_nb.conversion.dimensions import is_derived as is_derived
from datafast_nb.conversion.dimensions import made_of as made_of
from datafast_nb.conversion.dimensions import with_dimensions as with_dimensions
from datafast_nb.conversion.drivers import drivers as drivers
from datafast_nb.conversion.explain import Explanation as Explanation
from datafast_nb.conversion.explain import effects_of as effects_of
from datafast_nb.conversion.explain import explain as explain
from datafast_nb.conversion.explain import factors_of as factors_of
from datafast_nb.conversion.explain import in_words as in_words
from datafast_nb.conversion.frames import baseline_of as baseline_of
from datafast_nb.conversion.frames import rate_of as rate_of
from datafast_nb.conversion.frames import visitors_of as visitors_of
from datafast_nb.conversion.funnel import funnel as funnel
from datafast_nb.conversion.funnel import goal as goal
from datafast_nb.conversion.funnel import payment as payment
from datafast_nb.conversion.interval import Z_95 as Z_95
from datafast_nb.conversion.interval import Interval as Interval
from datafast_nb.conversion.journeys import journeys as journeys
from datafast_nb.conversion.measures import MEASURES as MEASURES
from datafast_nb.conversion.measures import Measure as Measure
from datafast_nb.conversion.opportunities import opportunities as opportunities
from datafast_nb.conversion.revenue import revenue as revenue
from datafast_nb.conversion.shrinkage import SHRINKAGE as SHRINKAGE
from datafast_nb.conversion.transitions import transitions as transitions
