from datetime import UTC, datetime

import pytest

from datafast_nb.demo import Site

MOMENT = datetime(2026, 2, 6, 15, 3, 20, tzinfo=UTC)


@pytest.fixture(scope="session")
def moment() -> datetime:
    return MOMENT


@pytest.fixture(scope="session")
def site() -> Site:
    """Return a site of the usual size, with its blocks cached for all tests."""
    return Site(seed=0, start=MOMENT)


@pytest.fixture(scope="session")
def busy_site() -> Site:
    """Return a site that is large enough for statistics about one moment."""
    return Site(seed=5, visitors=5_000, start=MOMENT)
