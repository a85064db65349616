"""First pass over the readings on an engine: each beside the one before, days, plain amounts.

:mod:`tanfeng.metering._arrays` does the same in memory; the two agree to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable

import ibis
import polars as pl
from ibis.expr import types as ir

from tanfeng.metering import _mend, _rows, _spread, _sums
from tanfeng.metering._devices import Hung
from tanfeng.metering._mend import CODE
from tanfeng.metering._workshop import Workshop


class Tables:
    """The readings of a derivation, on the engine.

    Parameters
    ----------
    shop : Workshop
        Of the engine.
    source, point : ibis Table
        Readings as they are kept, and :func:`tanfeng.metering._rows.point_table`.
    about : polars.DataFrame
        ``point`` as a frame.

    Attributes
    ----------
    days : ibis Table
        As of :func:`tanfeng.metering._rows.day_sums`.
    """

    def __init__(
        self, shop: Workshop, source: ir.Table, point: ir.Table, about: pl.DataFrame
    ) -> None:
        self._shop, self._source, self._point = shop, source, point
        self._rows = shop.step("beside", lambda: _rows.beside(_rows.usable(source, point), point))
        self.days = shop.step("days", lambda: _rows.day_sums(self._rows))
        self._plain = self._rows

    def usual(self, before: pl.DataFrame | None) -> ir.Table:
        """Tell what is usual for each point on each day.

        Parameters
        ----------
        before : polars.DataFrame or None
            Days that are settled, with the columns of :func:`tanfeng.metering._rows.day_sums`.

        Returns
        -------
        ibis Table
            As of :func:`tanfeng.metering._rows.usual`.
        """
        shop, days, point = self._shop, self.days, self._point
        if before is None:
            self._usual = shop.step("usual", lambda: _rows.usual(days, point))
        else:
            held = shop.hold("before", before.select(days.columns))
            self._usual = shop.step(
                "usual", lambda: _rows.usual(_rows.after(held, days, "day"), point), "past"
            )
        return self._usual

    def standing(self) -> ir.Table | None:
        """Find whether anything is wrong, and what may be a standstill if there is.

        Returns
        -------
        ibis Table or None
            Readings of points with something wrong that did stand still, with the columns of
            :func:`tanfeng.metering._rows.beside`. None: nothing is wrong.
        """
        shop, days, usual, point = self._shop, self.days, self._usual, self._point
        wrong = self._wrong = shop.step("wrong", lambda: _mend.hot_days(usual, point))
        if not shop.any(wrong):
            return None
        stood = shop.step("stood", lambda: _mend.stood(days, wrong))
        return self._rows.semi_join(stood, "id")

    def to_mend(self, still: ir.Table, hung: Hung | None) -> ir.Table:
        """Return what may need mending, one reading of each time; from now on the rest is plain.

        Parameters
        ----------
        still : ibis Table
            From :func:`tanfeng.metering._mend.frozen`.
        hung : Hung or None
            Of the points whose meter was changed; here all their days are sent.

        Returns
        -------
        ibis Table
            ``id``, ``ats``, ``value``, ``again`` (there were several), and of the first reading
            of each stretch ``link_ts`` and ``link``: time and value of the one before.
        """
        wrong = self._wrong
        hot = self._shop.step("hot", lambda: _mend.with_standstills(wrong, still))
        self._plain = self._rows.anti_join(hot, ["id", "day"])
        shop, days, point = self._shop, self.days, self._point
        found = self._rows.semi_join(hot, ["id", "day"])
        on_days = shop.step("on_days", lambda: found.select("id", "ats", "value", "tp", "p", "day"))
        doubled = shop.step("doubled", lambda: days.filter(days.doubled > 0).select("id", "day"))
        rows = on_days.anti_join(doubled, ["id", "day"])
        rows = rows.select("id", "ats", "value", again=ibis.literal(False))
        if twice := shop.any(doubled):
            again = _mend.readings_again(self._source, doubled, point)
            again = again.mutate(day=_rows.local_day(again.ats)).semi_join(doubled, ["id", "day"])
            rows = rows.union(_mend.resolved(again))
        linked = _mend.linked(on_days, hot)
        return shop.step("to_mend", lambda: _mend.with_links(rows, linked), f"{twice}")

    def unsure(self) -> ir.Table:
        """Return the plain segments that are not known, measured and inside one slot."""
        rows = self.segments()
        return rows.filter((rows.code != CODE["direct"]) | ~_spread.in_one_slot(rows))

    def sure(self, crossing: ir.Table) -> ir.Table:
        """Return the other plain segments of the points that have a gap, as pieces of slots."""
        return self._sure().semi_join(_spread.gaps(crossing), "id")

    def _sure(self) -> ir.Table:
        rows = self.segments()
        return _spread.whole(rows.filter(rows.code == CODE["direct"]))

    def segments(self) -> ir.Table:
        """Return every plain segment."""
        return _mend.plain_segments(self._plain)

    def ends(self) -> ir.Table:
        """Return ``id``, ``from_ts`` and ``to_ts`` of the plain segments of each point, at most."""
        return self.segments().select("id", "from_ts", "to_ts")

    def sums(self, rest: Callable[[], _spread.Laid], length_s: int, name: str) -> ir.Table:
        """Sum by period what is sure, and the pieces of what is not."""
        laid = rest()

        def build() -> ir.Table:
            return _sums.finished(_sums.parts(self._sure().union(laid.pieces()), length_s))

        return self._shop.step(name, build, laid.path)
