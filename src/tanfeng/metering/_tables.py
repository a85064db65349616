"""First pass over the readings on an engine: each beside the one before, days, plain amounts.

:mod:`tanfeng.metering._arrays` does the same in memory; the two agree to the last bit.
"""

from __future__ import annotations

import polars as pl
from ibis.expr import types as ir

from tanfeng.metering import _mend, _rows, _spread, _sums
from tanfeng.metering._mend import CODE
from tanfeng.metering._workshop import Workshop


class Tables:
    """The readings of a derivation, on the engine.

    Parameters
    ----------
    shop : Workshop
        Of the engine.
    usable, point : ibis Table
        From :mod:`tanfeng.metering._rows`.
    about : polars.DataFrame
        ``point`` as a frame.

    Attributes
    ----------
    days : ibis Table
        As of :func:`tanfeng.metering._rows.day_sums`.
    """

    def __init__(
        self, shop: Workshop, usable: ir.Table, point: ir.Table, about: pl.DataFrame
    ) -> None:
        self._shop = shop
        self._rows = shop.step("beside", lambda: _rows.beside(usable, point))
        self.days = shop.step("days", lambda: _rows.day_sums(self._rows))
        self._plain = self._rows

    def of_points(self, points: ir.Table) -> ir.Table:
        """Return the readings of some points, with the columns of ``_rows.beside``."""
        return self._rows.semi_join(points, "id")

    def on_days(self, hot: ir.Table) -> ir.Table:
        """Return the readings of some days; from now on the rest is plain."""
        self._plain = self._rows.anti_join(hot, ["id", "day"])
        rows = self._rows.semi_join(hot, ["id", "day"])
        return self._shop.step(
            "on_days", lambda: rows.select("id", "ats", "value", "tp", "p", "day")
        )

    def unsure(self) -> ir.Table:
        """Return the plain segments that are not known, measured and inside one slot."""
        rows = self.segments()
        return rows.filter((rows.code != CODE["direct"]) | ~_spread.in_one_slot(rows))

    def sure(self, points: ir.Table) -> ir.Table:
        """Return the other plain segments of some points, as pieces of slots."""
        return self._sure().semi_join(points, "id")

    def _sure(self) -> ir.Table:
        rows = self.segments()
        return _spread.whole(rows.filter(rows.code == CODE["direct"]))

    def segments(self) -> ir.Table:
        """Return every plain segment."""
        return _mend.plain_segments(self._plain)

    def ends(self) -> ir.Table:
        """Return ``id``, ``from_ts`` and ``to_ts`` of the plain segments of each point, at most."""
        return self.segments().select("id", "from_ts", "to_ts")

    def sums(self, pieces: ir.Table, length_s: int, name: str, path: str) -> ir.Table:
        """Sum by period what is sure, and the pieces of what is not."""
        return self._shop.step(
            name,
            lambda: _sums.finished(_sums.parts(self._sure().union(pieces), length_s)),
            path,
        )
