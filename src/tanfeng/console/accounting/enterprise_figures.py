"""Columns of the enterprise list: emission, change, energy and months, from the published run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tanfeng.console.accounting import figures
from tanfeng.console.accounting.models import Run, Total
from tanfeng.console.archive import panels
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import rights
from tanfeng.console.core.models import User


@lru_cache(maxsize=1)
def _trace_page() -> str:
    return reverse("trace")


def trace_url(measure: str, **query: Any) -> str:
    """Return the address of the trace list of a figure."""
    asked = {"measure": measure, **{k: v for k, v in query.items() if v not in (None, "")}}
    return f"{_trace_page()}?{urlencode(asked)}"


def _traced(measure: str) -> Callable[[str, int], str]:
    # Credit codes and years need no quoting; twenty-five rows are written on every page.
    return lambda code, year: f"{_trace_page()}?measure={measure}&org={code}&year={year}"


_LIGHT = ("number", "first_year", "last_year", "as_of")
#: List column -> field of ``Total`` it is sorted by.
_SORTED_BY = {"emission_tco2": "emission_total_tco2", "energy_tce": "energy_equivalent_tce"}
_COLUMNS = (
    panels.FigureColumn(
        "emission_tco2",
        gettext_lazy("CO₂"),
        unit="t",
        sortable=True,
        url=_traced("emission_total_tco2"),
    ),
    panels.FigureColumn("emission_change", gettext_lazy("On the year before"), kind="change"),
    panels.FigureColumn(
        "energy_tce",
        gettext_lazy("Energy, equivalent"),
        unit="tce",
        sortable=True,
        url=_traced("energy_equivalent_tce"),
    ),
    panels.FigureColumn("months", gettext_lazy("Months reported"), kind="text"),
)


class PublishedFigures:
    """What the published run says of each enterprise a person may see."""

    columns: Sequence[panels.FigureColumn] = _COLUMNS

    def __init__(self, user: User) -> None:
        self.user = user
        # The manifest and the findings of a run are large, and a list needs neither.
        run = rights.visible(user, Run).filter(published=True).only(*_LIGHT).order_by().first()
        self.run = run
        self.years: Sequence[int] = (
            () if run is None else range(run.last_year, run.first_year - 1, -1)
        )
        self.default_year = None if run is None else figures.default_year(user, run)

    def note(self, year: int) -> str:
        """Return which run the figures come from."""
        if self.run is None:
            return ""
        day = timezone.localtime(self.run.as_of).strftime("%Y-%m-%d")
        return _("%(year)s, run %(run)s, data as of %(day)s") % {
            "year": year,
            "run": self.run.number,
            "day": day,
        }

    def values(self, keys: Sequence[int], year: int) -> Mapping[int, Mapping[str, Any]]:
        """Return the figures of some enterprises; a change needs the same months in both years."""
        rows = (
            rights.visible(self.user, Total)
            .filter(run=self.run, month=0, year__in=(year, year - 1))
            .filter(organisation_id__in=list(keys))
            .values_list(
                "organisation_id",
                "year",
                "emission_total_tco2",
                "energy_equivalent_tce",
                "months_reported",
                "months_expected",
            )
        )
        by_key: dict[int, dict[int, tuple[Any, ...]]] = {}
        for key, of_year, *rest in rows:
            by_key.setdefault(key, {})[of_year] = tuple(rest)
        return {key: _row(years.get(year), years.get(year - 1)) for key, years in by_key.items()}

    def ranked(
        self, condition: panels.Condition, column: str, year: int, *, descending: bool
    ) -> panels.Ranking | None:
        """Return the enterprises by a column, read from the index of the totals."""
        field = _SORTED_BY.get(column)
        if self.run is None or field is None:
            return None
        return _Ranking(self.user, self.run, condition, field, year, descending=descending)

    def complete(self, year: int, *, complete: bool) -> panels.Condition:
        """Return the condition of having reported every month that was due."""
        run = self.run

        def condition(path: str) -> Q:
            full = Total.objects.filter(
                run=run,
                month=0,
                year=year,
                organisation=OuterRef(f"{path}pk"),
                months_reported__gte=F("months_expected"),
                months_reported__gt=0,
            )
            return Q(Exists(full)) if complete else ~Q(Exists(full))

        return condition


def _row(now: tuple[Any, ...] | None, before: tuple[Any, ...] | None) -> dict[str, Any]:
    if now is None:
        return {}
    emission, energy, reported, expected = now
    earlier = before[0] if before is not None and before[2] == reported else None
    return {
        "emission_tco2": emission,
        "energy_tce": energy,
        "emission_change": figures.share_of_change(emission, earlier),
        "months": f"{reported} / {expected}" if expected else str(reported),
    }


class _Ranking:
    """Enterprises with totals by a figure, then those without any, by credit code."""

    def __init__(
        self,
        user: User,
        run: Run,
        condition: panels.Condition,
        field: str,
        year: int,
        *,
        descending: bool,
    ) -> None:
        self._of_year = Q(run=run, month=0, year=year)
        self._totals: QuerySet[Total, Total] = rights.visible(user, Total).filter(
            self._of_year, condition("organisation__")
        )
        self._organisations = rights.visible(user, Organisation).filter(condition(""))
        by = F(field).desc(nulls_last=True) if descending else F(field).asc(nulls_last=True)
        self._order = by

    def count(self) -> int:
        """Return how many enterprises there are, with figures or without."""
        return self._organisations.count()

    def keys(self, start: int, stop: int) -> Sequence[int]:
        """Return the keys of a part of the list."""
        ordered = self._totals.order_by(self._order, "organisation_id")
        found = list(ordered.values_list("organisation_id", flat=True)[start:stop])
        if len(found) == stop - start:
            return found
        with_figures = self._totals.count()
        missing = Exists(Total.objects.filter(self._of_year, organisation=OuterRef("pk")))
        others = self._organisations.filter(~missing).order_by("credit_code")
        first = max(start - with_figures, 0)
        wanted = stop - start - len(found)
        return [*found, *others.values_list("pk", flat=True)[first : first + wanted]]
