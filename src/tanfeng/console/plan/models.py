"""Targets and tasks of the city plan, as the plan states them.

What a page shows as words is looked up in ``tanfeng.plan`` by the keys stored here; the rows
themselves are records, because splits, paths and observations will point to them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from tanfeng import plan
from tanfeng.console.core.asked import language


def packed(keys: Iterable[str]) -> str:
    """Return keys as ``;a;b;`` so that ``contains=";a;"`` finds exactly one of them."""
    return "".join(f";{key}" for key in keys) + ";"


def joined(words: Iterable[str]) -> str:
    """Return words as an enumeration in the language of the page."""
    return (", " if language() == "en" else "、").join(words)


def unpacked(text: str) -> tuple[str, ...]:
    """Return the keys of :func:`packed`."""
    return tuple(key for key in text.split(";") if key)


class Unit(models.Model):
    """A department or kind of government named in the plan."""

    name_zh = models.CharField(max_length=60, unique=True)
    name_en = models.CharField(max_length=80, blank=True)
    short_zh = models.CharField(max_length=12, blank=True)
    short_en = models.CharField(max_length=12, blank=True)
    #: department, collective or area.
    kind = models.CharField(max_length=12, blank=True)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("responsible unit")
        verbose_name_plural = _("responsible units")
        ordering = ("order",)

    def __str__(self) -> str:
        return (language() == "en" and self.name_en) or self.name_zh

    @property
    def short(self) -> str:
        """Return the short name for column heads."""
        return (self.short_en if language() == "en" else self.short_zh) or str(self)


class Responsible:
    """What a target and a task have in common: units, none of which leads."""

    units: Any  # the many-to-many field the model declares

    @property
    def unit_names(self) -> str:
        """Return the units as an enumeration."""
        return joined(str(unit) for unit in self.units.all())

    @property
    def unit_start(self) -> str:
        """Return the first three units by their short names, for a narrow column."""
        return " · ".join(unit.short for unit in [*self.units.all()][:3])

    @property
    def unit_rest(self) -> int:
        """Return how many units :attr:`unit_start` leaves out."""
        return max(len(self.units.all()) - 3, 0)


class Task(Responsible, models.Model):
    """A clause of the plan that orders something.

    The plan names no lead unit; none is stored until the leading-group office assigns one.
    """

    clause = models.CharField(_("clause"), max_length=10, primary_key=True)
    title_zh = models.CharField(max_length=80)
    title_en = models.CharField(max_length=120)
    units = models.ManyToManyField(Unit, related_name="tasks", verbose_name=_("responsible units"))
    sectors = models.CharField(_("sectors"), max_length=300, blank=True)
    capabilities = models.CharField(_("capabilities"), max_length=200, blank=True)
    note_zh = models.CharField(max_length=300, blank=True)
    note_en = models.CharField(max_length=300, blank=True)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        ordering = ("order",)

    def __str__(self) -> str:
        return f"{self.clause} {self.title}"

    @property
    def title(self) -> str:
        """Return the title in the language of the page."""
        return self.title_en if language() == "en" else self.title_zh

    @property
    def note(self) -> str:
        """Return the compiler's note in the language of the page."""
        return self.note_en if language() == "en" else self.note_zh

    @property
    def sector_names(self) -> list[str]:
        """Return the sectors as words."""
        return [plan.word("sector", key, language()) for key in unpacked(self.sectors)]

    @property
    def sector_text(self) -> str:
        """Return the sectors as an enumeration."""
        return joined(self.sector_names)

    @property
    def sector_start(self) -> str:
        """Return the first sectors, for a narrow column."""
        names = self.sector_names
        return joined(names[:4]) + ("…" if len(names) > 4 else "")

    @property
    def capability_names(self) -> list[tuple[str, str]]:
        """Return the capabilities as pairs of code and words."""
        return [
            (key, plan.word("capability", key, language())) for key in unpacked(self.capabilities)
        ]

    @property
    def capability_words(self) -> str:
        """Return the capabilities with their codes, for the whole story."""
        return joined(f"{code} {words}" for code, words in self.capability_names)

    @property
    def capability_start(self) -> str:
        """Return what the first capability is called."""
        return self.capability_names[0][1] if self.capability_names else "—"

    @property
    def capability_rest(self) -> int:
        """Return how many further capabilities there are."""
        return max(len(self.capability_names) - 1, 0)


class Target(Responsible, models.Model):
    """A target of the plan (capability C01)."""

    class Kind(models.TextChoices):
        """How a target can be judged."""

        QUANTIFIED = "quantified", _("Quantified")
        QUALITATIVE = "qualitative", _("Qualitative")
        STANDING_RULE = "standing_rule", _("Standing rule")
        DERIVED = "derived", _("Derived")
        SCOPE_THRESHOLD = "scope_threshold", _("Scope threshold")

    key = models.CharField(_("target no."), max_length=4, primary_key=True)
    indicator_zh = models.CharField(max_length=120)
    indicator_en = models.CharField(max_length=200)
    comparator = models.CharField(_("comparator"), max_length=20)
    value = models.CharField(_("value"), max_length=40, blank=True)
    unit = models.CharField(_("unit"), max_length=60, blank=True)
    year = models.CharField(_("due"), max_length=30, blank=True)
    scope = models.CharField(_("scope"), max_length=200, blank=True)
    base_year = models.CharField(_("base year"), max_length=10, blank=True)
    clause = models.CharField(_("clause"), max_length=10)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices)
    measure_zh = models.CharField(max_length=400, blank=True)
    measure_en = models.CharField(max_length=400, blank=True)
    units = models.ManyToManyField(
        Unit, related_name="targets", verbose_name=_("responsible units")
    )

    class Meta:
        verbose_name = _("target")
        verbose_name_plural = _("targets")
        ordering = ("key",)

    def __str__(self) -> str:
        return f"{self.key} {self.indicator}"

    @property
    def indicator(self) -> str:
        """Return what is aimed at, in the language of the page."""
        return self.indicator_en if language() == "en" else self.indicator_zh

    @property
    def measure(self) -> str:
        """Return how it is measured, in the language of the page."""
        return self.measure_en if language() == "en" else self.measure_zh

    @property
    def rule(self) -> str:
        """Return what is asked for as words, such as ``at least 70%``."""
        return plan.rule(
            self.comparator, self.value, self.unit, base_year=self.base_year, lang=language()
        )

    @property
    def judged(self) -> plan.Comparator:
        """Return how the target is judged."""
        return plan.comparators()[self.comparator]

    @property
    def due(self) -> str:
        """Return when it is due, as words."""
        return plan.word("year", self.year, language())

    @property
    def due_year(self) -> int | None:
        """Return the year it is due; None for standing rules and open dates."""
        return plan.due_year(self.year)

    @property
    def scope_text(self) -> str:
        """Return the scope as an enumeration."""
        return joined(plan.word("scope", key, language()) for key in unpacked(self.scope))
