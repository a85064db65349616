"""Targets and tasks of the city plan, as the plan states them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class Unit(models.Model):
    """A department or kind of government named in the plan."""

    name_zh = models.CharField(max_length=60, unique=True)
    name_en = models.CharField(max_length=80, blank=True)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("unit")
        verbose_name_plural = _("units")
        ordering = ("order",)

    def __str__(self) -> str:
        return (get_language() == "en" and self.name_en) or self.name_zh


class Task(models.Model):
    """A clause of the plan that orders something."""

    clause = models.CharField(_("clause"), max_length=10, primary_key=True)
    title_zh = models.CharField(max_length=80)
    title_en = models.CharField(max_length=120)
    units = models.ManyToManyField(Unit, related_name="tasks", verbose_name=_("units"))
    sectors = models.CharField(_("sectors"), max_length=200, blank=True)
    capability = models.CharField(_("capabilities"), max_length=200, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        ordering = ("order",)

    def __str__(self) -> str:
        return f"{self.clause} {self.title_en if get_language() == 'en' else self.title_zh}"


class Target(models.Model):
    """A target of the plan (capability C01)."""

    class Kind(models.TextChoices):
        """How a target can be judged."""

        QUANTIFIED = "quantified", _("Quantified")
        QUALITATIVE = "qualitative", _("Qualitative")
        STANDING_RULE = "standing_rule", _("Standing rule")
        DERIVED = "derived", _("Derived")
        SCOPE_THRESHOLD = "scope_threshold", _("Scope threshold")

    key = models.CharField(_("no."), max_length=4, primary_key=True)
    indicator_zh = models.CharField(max_length=120)
    indicator_en = models.CharField(max_length=200)
    comparator = models.CharField(_("comparator"), max_length=20)
    value = models.CharField(_("value"), max_length=20, blank=True)
    unit = models.CharField(_("unit"), max_length=60, blank=True)
    year = models.CharField(_("due"), max_length=30, blank=True)
    scope = models.CharField(_("scope"), max_length=120, blank=True)
    base_year = models.CharField(_("base year"), max_length=10, blank=True)
    clause = models.CharField(_("clause"), max_length=10)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices)
    measure = models.CharField(_("how it is measured"), max_length=400, blank=True)
    units = models.ManyToManyField(Unit, related_name="targets", verbose_name=_("units"))

    class Meta:
        verbose_name = _("target")
        verbose_name_plural = _("targets")
        ordering = ("key",)

    def __str__(self) -> str:
        return f"{self.key} {self.indicator_en if get_language() == 'en' else self.indicator_zh}"
