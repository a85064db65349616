"""The enterprise list: filters, order and pages that stay cheap with 100,000 organisations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tanfeng.console.archive import panels
from tanfeng.console.archive.models import Membership, Organisation, Place, Sector
from tanfeng.console.core import lists, rights
from tanfeng.console.core.models import User

#: Fields of the file the database sorts by itself.
SORTS = {"code": "credit_code", "name": "name"}
DEFAULT_SORT = "-emission_tco2"
_CHUNK = 1000
#: Up to this many enterprises a text fits are named by key in the queries that follow.
FEW = 500
#: Whose a row is, at the head of a list of things enterprises have.
OF_ENTERPRISE = (
    lists.Column("name", _("Enterprise"), lambda row: row.organisation.name,
                 sort="organisation__name"),
    lists.Column("code", _("Unified social credit code"), lambda row: row.organisation.credit_code),
    lists.Column("place", _("County"), lambda row: str(row.organisation.place),
                 sort="organisation__place__order"),
)  # fmt: skip
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
    #: Condition of the completeness asked for, from the room of figures.
    reporting: panels.Condition | None = None
    #: Keys of those the text fits, once they are known.
    keys: tuple[int, ...] | None = None

    @classmethod
    def of(cls, request: HttpRequest, kept: panels.Figures | None) -> Filters:
        """Read the query; what makes no sense is left out."""
        asked = request.GET
        text, sector = asked.get("year", ""), asked.get("sector", "")
        years = kept.years if kept else ()
        year = kept.default_year if kept else None
        if text.isdecimal() and int(text) in years:
            year = int(text)
        completeness = asked.get("completeness", "")
        reporting = None
        if kept and year and completeness in ("full", "gaps"):
            reporting = kept.complete(year, complete=completeness == "full")
        return cls(
            text=asked.get("q", "").strip()[:60],
            place=asked.get("place", "")[:6],
            sector=sector if sector in Sector.values else "",
            park=asked.get("park", "")[:20],
            official_list=asked.get("list", "")[:40],
            completeness=completeness,
            year=year,
            reporting=reporting,
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
            found &= matching(self.text, path)
        if self.keys is not None:
            found &= Q(**{f"{path}pk__in": self.keys})
        if self.official_list:
            found &= Q(Exists(_on_list(self.official_list, path)))
        if self.reporting is not None:
            found &= self.reporting(path)
        return found


def matching(text: str, path: str = "") -> Q:
    """Return the condition that a name holds a text or the credit code begins with it."""
    return (
        Q(**{f"{path}name__icontains": text})
        | Q(**{f"{path}credit_code__istartswith": text})
        | Q(**{f"{path}former_names__icontains": text})
    )


def _looked_up(filters: Filters, visible: QuerySet[Organisation, Organisation]) -> Filters:
    """Look through the names once, not once for every query of the page, if few fit."""
    if not filters.text:
        return filters
    fitting = visible.filter(matching(filters.text)).order_by("name").values_list("pk", flat=True)
    keys = tuple(fitting[: FEW + 1])
    return filters if len(keys) > FEW else replace(filters, text="", keys=keys)


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

    def __init__(
        self, user: User, filters: Filters, kept: panels.Figures | None, sort: str
    ) -> None:
        self._kept = kept
        self._year = filters.year
        self._visible = rights.visible(user, Organisation)
        filters = _looked_up(filters, self._visible)
        self._found = self._visible.filter(filters.condition())
        key, descending = sort.removeprefix("-"), sort.startswith("-")
        self._ranking = None
        if kept is not None and filters.year is not None:
            self._ranking = kept.ranked(filters.condition, key, filters.year, descending=descending)
        field = SORTS.get(key, "credit_code")
        self._ordering = f"-{field}" if descending and key in SORTS else field

    def count(self) -> int:
        """Return how many there are; asked once."""
        return self._count

    @cached_property
    def _count(self) -> int:
        return self._found.count()

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, part: slice) -> list[Organisation]:
        start, stop = part.start or 0, self._count if part.stop is None else part.stop
        if self._ranking is None:
            keys = list(
                self._found.order_by(self._ordering, "pk").values_list("pk", flat=True)[start:stop]
            )
        else:
            keys = list(self._ranking.keys(start, stop))
        by_key = {row.pk: row for row in self._visible.only(*_SHOWN).filter(pk__in=keys)}
        figures: Mapping[int, Mapping[str, Any]] = {}
        if self._kept is not None and self._year is not None:
            figures = self._kept.values(keys, self._year)
        ordered = [by_key[key] for key in keys if key in by_key]
        for row in ordered:
            row.figures = figures.get(row.pk, {})  # type: ignore[attr-defined]
        return ordered

    def iterator(self, chunk_size: int = _CHUNK) -> Iterator[Organisation]:
        """Yield all of them, a chunk at a time."""
        for start in range(0, self._count, _CHUNK):
            yield from self[start : min(start + _CHUNK, self._count)]


class EnterpriseListing(lists.Listing):
    """The list of enterprises; its order comes from the file or from the room of figures."""

    def __init__(self, request: HttpRequest, user: User) -> None:
        self.kept = panels.figures_for(user)
        self.filters = Filters.of(request, self.kept)
        self.places = {place.pk: str(place) for place in _places()}
        self.sectors = {str(key): str(label) for key, label in Sector.choices}
        self.user = user
        super().__init__(
            request,
            Organisation.objects.none(),
            name="organisations",
            title=_("Enterprises"),
            columns=self._columns(),
            default_sort=DEFAULT_SORT if self.kept else "code",
        )

    def _sorted(self, rows: QuerySet[Any, Any]) -> Any:
        return Rows(self.user, self.filters, self.kept, self.sort)

    def _columns(self) -> list[lists.Column]:
        own = [
            lists.Column("credit_code", _("Unified social credit code")),
            lists.Column("name", _("Enterprise")),
            lists.Column("place", _("County"), lambda row: self.places[row.place_id]),
            lists.Column("sector", _("Sector"), lambda row: self.sectors[row.sector]),
            lists.Column("industry_code", _("Industry code")),
        ]
        return own + [
            lists.Column(
                column.key,
                column.label,
                value=partial(_figure, column.key),
                unit=column.unit,
                places=column.places if column.kind == "number" else None,
            )
            for column in (self.kept.columns if self.kept else ())
        ]


def _places() -> QuerySet[Place, Place]:
    """Return the counties without the shapes an imported map gave them."""
    return Place.objects.only("code", "name_zh", "name_en")


def _figure(key: str, row: Any) -> Any:
    return row.figures.get(key)
