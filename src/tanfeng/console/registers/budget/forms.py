"""The form of one quota."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tanfeng.accounting import budget
from tanfeng.console.archive.models import Organisation, Park, Place
from tanfeng.console.core import rights
from tanfeng.console.core.models import Role, User
from tanfeng.console.registers.budget import services
from tanfeng.console.registers.budget.models import Quota, measure_name
from tanfeng.periods import FIRST_YEAR, LAST_YEAR

MONTHS = tuple(f"month_{month:02d}" for month in range(1, 13))


class QuotaForm(forms.Form):
    """What is handed down to whom, in which figure, and by which document."""

    level = forms.ChoiceField(label=gettext_lazy("Handed down to"), choices=Quota.Level.choices)
    credit_code = forms.CharField(
        label=gettext_lazy("Credit code of the enterprise"), max_length=18, required=False
    )
    place = forms.ModelChoiceField(
        label=gettext_lazy("County"), queryset=Place.objects.none(), required=False
    )
    park = forms.ModelChoiceField(
        label=gettext_lazy("Park"), queryset=Park.objects.none(), required=False
    )
    year = forms.IntegerField(label=gettext_lazy("Year"), min_value=FIRST_YEAR, max_value=LAST_YEAR)
    measure = forms.ChoiceField(
        label=gettext_lazy("Figure"),
        help_text=gettext_lazy(
            "Compared with this very figure alone. The national dual-control rules leave feedstock "
            "and new renewable energy out: net of both."
        ),
    )
    amount = forms.FloatField(
        label=gettext_lazy("Quota of the year"),
        min_value=0,
        help_text=gettext_lazy("tce for energy, t of CO2 for emissions"),
        widget=forms.NumberInput(attrs={"step": "any", "min": 0}),
    )
    document = forms.CharField(
        label=gettext_lazy("Document it is handed down by"), max_length=120, required=False
    )
    remark = forms.CharField(label=gettext_lazy("Remark"), max_length=200, required=False)

    def __init__(self, *args: Any, user: User, quota: Quota | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.quota = user, quota
        measures = cast("forms.ChoiceField", self.fields["measure"])
        measures.choices = [(key, measure_name(key)) for key in budget.MEASURES]
        for month, name in enumerate(MONTHS, start=1):
            self.fields[name] = forms.FloatField(
                label=_("Month %d") % month,
                min_value=0,
                required=False,
                widget=forms.NumberInput(attrs={"step": "any", "min": 0}),
            )
        if quota is not None:
            for name in ("level", "credit_code", "place", "park", "year", "measure"):
                del self.fields[name]
            return
        for name, model in (("place", Place), ("park", Park)):
            field = cast("forms.ModelChoiceField[Any]", self.fields[name])
            field.queryset = rights.visible(user, model)
        if user.role != Role.CITY:
            levels = cast("forms.ChoiceField", self.fields["level"])
            levels.choices = [(Quota.Level.ENTERPRISE, Quota.Level.ENTERPRISE.label)]
            del self.fields["place"], self.fields["park"]
        self.initial.setdefault("year", timezone.localdate().year)
        self.initial.setdefault("level", Quota.Level.ENTERPRISE)
        self.initial.setdefault("measure", "energy_equivalent_net_both_tce")

    @property
    def month_fields(self) -> list[Any]:
        """Return the twelve fields of the months."""
        return [self[name] for name in MONTHS]

    @property
    def plain_fields(self) -> list[Any]:
        """Return the other fields."""
        return [self[name] for name in self.fields if name not in MONTHS]

    def clean(self) -> dict[str, Any]:
        """Find the object by its level."""
        told = super().clean() or {}
        if self.quota is not None:
            return told
        level = told.get("level")
        if level == Quota.Level.ENTERPRISE:
            code = (told.get("credit_code") or "").strip().upper()
            told["thing"] = rights.visible(self.user, Organisation).filter(credit_code=code).first()
            if told["thing"] is None:
                self.add_error("credit_code", _("No enterprise of yours has this code."))
        elif level in (Quota.Level.COUNTY, Quota.Level.PARK):
            name = "place" if level == Quota.Level.COUNTY else "park"
            told["thing"] = told.get(name)
            if told["thing"] is None:
                self.add_error(name if name in self.fields else None, _("Choose one."))
        else:
            told["thing"] = None
        return told

    def wanted(self) -> services.Wanted:
        """Return the quota asked for.

        Raises
        ------
        DataError
            If some months were typed and others not.
        """
        told = self.cleaned_data
        old = self.quota
        return services.Wanted(
            (old.organisation or old.park or old.place) if old else told["thing"],
            old.year if old else told["year"],
            old.measure if old else told["measure"],
            told["amount"],
            services.spread([told.get(name) for name in MONTHS]),
            told["document"].strip(),
            told["remark"].strip(),
        )
