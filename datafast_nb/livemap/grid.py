"""A grid over a part of the world, and sums over the visitors in each of its cells. Independent of any widget."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Grid:
    """The cells of a grid with visitors in them, those with the most visitors first.

    Cells are few and their numbers small, so that counting them is several times as fast as grouping by them.

    Parameters
    ----------
    x, y : array of shape (visitors,)
        The position of each visitor in Web Mercator, from 0 to 1; NaN without a location.
    box : tuple of float
        Left, top, right and bottom of the part of the world, in units of the world's width. It may be on any copy of
        the world: each cell is on the copy where it is nearest to the middle of the box. Cells at its edges are whole.
    across : int
        The number of cells across the world.

    Attributes
    ----------
    columns, rows : array of shape (cells,)
        The place of each cell, counted from the date line eastward and from the northern edge down.
    copies : array of shape (cells,)
        The copy of the world that each cell is on: 0 from -180° to 180°, 1 for the next in the east.
    visitors : array of shape (cells,)
        The number of visitors in each cell.
    inside : array of shape (visitors inside,)
        The row numbers of the visitors in these cells.
    """

    def __init__(
        self,
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        box: tuple[float, float, float, float],
        across: int,
    ) -> None:
        left, top, right, bottom = box
        column, row = np.floor(x * across), np.floor(y * across)
        column += across * np.floor((left + right) / 2 - (column + 0.5) / across + 0.5)
        # NaN is not inside.
        inside = (column >= left * across - 1) & (column <= right * across)
        inside &= (row >= top * across - 1) & (row <= bottom * across)
        self.inside = np.flatnonzero(inside)
        first, above = math.floor(left * across - 1), math.floor(top * across - 1)
        width = math.floor(right * across) - first + 1
        self._cell = ((row[self.inside] - above) * width + (column[self.inside] - first)).astype(np.intp)
        counts = np.bincount(self._cell)
        cells = np.flatnonzero(counts)
        self.copies, self.columns = np.divmod(cells % width + first, across)
        self.rows = cells // width + above
        order = np.lexsort((self.columns, self.rows, -counts[cells]))
        self.copies, self.columns, self.rows = self.copies[order], self.columns[order], self.rows[order]
        self._cells = cells[order]
        self.visitors = counts[self._cells]

    def sums(self, values: NDArray[np.float64 | np.bool_]) -> NDArray[np.float64]:
        """Return the sum over the visitors in each cell; of all visitors, those inside count."""
        return np.bincount(self._cell, values[self.inside])[self._cells].astype(np.float64)

    def means(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean over the visitors in each cell for whom it is known; NaN where it is known for none."""
        known = np.isfinite(values)
        sums, counts = self.sums(np.where(known, values, 0.0)), self.sums(known)
        means: NDArray[np.float64] = np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)
        return means

    def owners(self) -> NDArray[np.intp]:
        """Return the number of the cell of each visitor who is `inside`."""
        number = np.zeros(self._cells.max(initial=-1) + 1, dtype=np.intp)
        number[self._cells] = np.arange(len(self._cells))
        owners: NDArray[np.intp] = number[self._cell]
        return owners
