"""The enterprise list: filters, order and pages that stay cheap with 100,000 organisations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tanfeng.console.archive import panels
from tanfeng.console.archive.models import Membership, Organisation, Sector
from tanfeng.console.core import lists, rights
from tanfeng.console.core.models import User

#: Fields of the file the database sorts by itself.
SORTS = {"code": "credit_code", "name": "name"}
DEFAULT_SORT = "-emission_tco2"
_CHUNK = 1000
_SHOWN = (
    "credit_code", "name", "industry_code", "sector", "place", "park", "key_user_level",
    "active", "is_demo",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Filters:
    """What the person asked for; empty means everything."""

    text: str = ""
    place: str = ""
    sector: str = ""
    park: str = ""
    official_list: str = ""
    completeness: str = ""
    year: int | None = None

    @classmethod
    def of(cls, request: HttpRequest, years: Sequence[int]) -> Filters:
        """Read the query; what makes no sense is left out."""
        asked = request.GET
        year = asked.get("year", "")
        sector = asked.get("sector", "")
        return cls(
            text=asked.get("q", "").strip()[:60],
            place=asked.get("place", "")[:6],
            sector=sector if sector in Sector.values else "",
            park=asked.get("park", "")[:20],
            official_list=asked.get("list", "")[:40],
            completeness=asked.get("completeness", ""),
            year=int(year) if year.isdecimal() and int(year) in years else next(iter(years), None),
        )

    def condition(self, path: str = "") -> Q:
        """Return the condition on organisations reached through ``path``."""
        found = Q()
        for name, value in (("place_id", self.place), ("park_id", self.park)):
            if value:
                found &= Q(**{f"{path}{name}": value})
        if self.sector:
            found &= Q(**{f"{path}sector": self.sector})
        if self.text:
            found &= (
                Q(**{f"{path}name__icontains": self.text})
                | Q(**{f"{path}credit_code__istartswith": self.text})
                | Q(**{f"{path}former_names__icontains": self.text})
            )
        if self.official_list:
            found &= Q(Exists(_on_list(self.official_list, path)))
        kept = panels.figures()
        if kept is not None and self.year and self.completeness in ("full", "gaps"):
            found &= kept.complete(self.year, complete=self.completeness == "full")(path)
        return found


def _on_list(key: str, path: str) -> QuerySet[Membership, Membership]:
    today = timezone.localdate()
    return Membership.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gte=today),
        official_list__key=key,
        organisation=OuterRef(f"{path}pk"),
        valid_from__lte=today,
    )


class Rows:
    """Organisations in an order, cut out page by page, each with its ``figures``."""

    def __init__(self, user: User, filters: Filters, sort: str) -> None:
        self.user = user
        self.filters = filters
        self.found = rights.visible(user, Organisation).filter(filters.condition())
        self.ranking = self._ranking(sort)
        field = SORTS.get(sort.removeprefix("-"), "credit_code")
        self.ordering = (f"-{field}" if sort.startswith("-") and field != "credit_code" else field,)

    def _ranking(self, sort: str) -> panels.Ranking | None:
        kept = panels.figures()
        if kept is None or self.filters.year is None:
            return None
        return kept.ranked(
            self.user,
            self.filters.condition,
            sort.removeprefix("-"),
            self.filters.year,
            descending=sort.startswith("-"),
        )

    def count(self) -> int:
        """Return how many there are; asked once."""
        return self._count

    @cached_property
    def _count(self) -> int:
        return self.found.count()

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, part: slice) -> list[Organisation]:
        start, stop = part.start or 0, self._count if part.stop is None else part.stop
        rows = (
            rights.visible(self.user, Organisation)
            .select_related("place")
            .only(*_SHOWN, "place__name_zh", "place__name_en")
        )
        if self.ranking is None:
            ordered = list(
                rows.filter(self.filters.condition()).order_by(*self.ordering)[start:stop]
            )
        else:
            keys = self.ranking.keys(start, stop)
            by_key = {row.pk: row for row in rows.filter(pk__in=keys)}
            ordered = [by_key[key] for key in keys if key in by_key]
        figures = self._figures([row.pk for row in ordered])
        for row in ordered:
            row.figures = figures.get(row.pk, {})  # type: ignore[attr-defined]
        return ordered

    def _figures(self, keys: Sequence[int]) -> Mapping[int, Mapping[str, Any]]:
        kept = panels.figures()
        if kept is None or self.filters.year is None or not keys:
            return {}
        return kept.values(self.user, keys, self.filters.year)

    def iterator(self, chunk_size: int = _CHUNK) -> Iterator[Organisation]:
        """Yield all of them, a chunk at a time."""
        for start in range(0, self._count, _CHUNK):
            yield from self[start : min(start + _CHUNK, self._count)]


class EnterpriseListing(lists.Listing):
    """The list of enterprises; its order comes from the file or from the room of figures."""

    def __init__(self, request: HttpRequest, user: User) -> None:
        kept = panels.figures()
        self.years = list(kept.years(user)) if kept else []
        self.filters = Filters.of(request, self.years)
        self.user = user
        super().__init__(
            request,
            Organisation.objects.none(),
            name="organisations",
            title=_("Enterprises"),
            columns=_columns(kept),
            default_sort=DEFAULT_SORT if kept and self.years else "code",
        )

    def _sorted(self, rows: QuerySet[Any, Any]) -> Any:
        return Rows(self.user, self.filters, self.sort)


def _columns(kept: panels.Figures | None) -> list[lists.Column]:
    own = [
        lists.Column("credit_code", _("Unified social credit code")),
        lists.Column("name", _("Enterprise")),
        lists.Column("place", _("County"), value=lambda row: str(row.place)),
        lists.Column("sector", _("Sector"), value=lambda row: row.get_sector_display()),
        lists.Column("industry_code", _("Industry code")),
    ]
    if kept is None:
        return own
    return own + [
        lists.Column(
            column.key,
            column.label,
            value=partial(_figure, column.key),
            unit=column.unit,
            places=column.places if column.kind == "number" else None,
        )
        for column in kept.columns
    ]


def _figure(key: str, row: Any) -> Any:
    return row.figures.get(key)
