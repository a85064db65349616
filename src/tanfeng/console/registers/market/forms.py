"""Forms of the carbon market's pages; the services write."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tanfeng.accounting import market
from tanfeng.console.registers.market.models import (
    Certificate,
    Claim,
    Facility,
    MarketSector,
    Movement,
    Position,
)
from tanfeng.console.registers.mrv import files

_FORMAT = "%Y-%m-%d"
#: Fields a unit is asked for by sector, in the order of the form.
ASKED = {
    "power": (
        "generated_mwh", "supplied_mwh", "heat_gj", "heat_ratio_pct", "load_factor_pct", "cooling",
    ),
    "cement": ("verified_tco2", "carbide_slag_pct"),
}  # fmt: skip
_OTHER = ("verified_tco2",)


def _day(**more: Any) -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date", **more}, format=_FORMAT)


class _Kept(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A form over a model that leaves the instance alone: the service writes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for one in self.fields.values():
            if isinstance(one, forms.FloatField):
                one.widget.attrs["step"] = "any"
            elif isinstance(one, forms.DateField):
                one.widget = _day(max=timezone.localdate().isoformat())

    def _post_clean(self) -> None:
        """Leave the instance alone."""


class VerifyForm(forms.Form):
    """The verified emission of a year and where it stands."""

    verified_tco2 = forms.FloatField(
        label=_("Verified emission (tCO₂)"), required=False, min_value=0,
        help_text=_("Empty takes it back; nothing is due then"),
        widget=forms.NumberInput(attrs={"step": "any"}),
    )  # fmt: skip
    document = forms.CharField(
        label=_("Verification report or decision"), max_length=200, required=False
    )


class AccountForm(_Kept):
    """Sector of an account, and a deadline the standards do not have."""

    class Meta:
        """What the city states."""

        model = Position
        fields = ("sector", "stated_due_on", "stated_document")
        help_texts: ClassVar = {
            "stated_due_on": _("Used only where the standards have no deadline for that year"),
            "stated_document": _("As you read it; the program fills in none"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["stated_due_on"].widget = _day()


class UnitForm(_Kept):
    """A unit or line of a sector, with what its plan asks for."""

    class Meta:
        """The columns of the engine's facility."""

        model = Facility
        fields = (
            "unit", "facility_class", "generated_mwh", "supplied_mwh", "heat_gj", "heat_ratio_pct",
            "load_factor_pct", "cooling", "verified_tco2", "carbide_slag_pct", "tier",
        )  # fmt: skip
        labels: ClassVar = {
            "generated_mwh": _("Electricity generated (MWh)"),
            "supplied_mwh": _("Electricity supplied (MWh)"),
            "heat_gj": _("Heat supplied (GJ)"),
            "heat_ratio_pct": _("Heat ratio (%)"),
            "load_factor_pct": _("Load factor (%)"),
            "verified_tco2": _("Verified emission of the line (tCO₂)"),
            "carbide_slag_pct": _("Share of carbide slag (%)"),
        }
        help_texts: ClassVar = {
            "generated_mwh": _("Wanted from 2023"),
            "supplied_mwh": _("Wanted up to 2022"),
            "heat_gj": _("0 for a unit without heat supply"),
            "heat_ratio_pct": _("Wanted up to 2022; 0 without heat supply"),
            "load_factor_pct": _("Wanted of conventional coal without heat supply"),
            "cooling": _("Wanted up to 2022"),
        }

    def __init__(self, *args: Any, sector: str, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        classes = market.CLASSES[sector]
        place = 1 if language == "en" else 0
        self.fields["facility_class"].widget = forms.Select(
            choices=[(key, names[place]) for key, names in classes.items()]
        )
        asked = ("unit", "facility_class", *ASKED.get(sector, _OTHER), "tier")
        for name in set(self.fields) - set(asked):
            del self.fields[name]
        self.order_fields(asked)

    def clean_facility_class(self) -> str:
        """Take no class of another sector."""
        given = str(self.cleaned_data["facility_class"])
        known = dict(self.fields["facility_class"].widget.choices)
        if given not in known:
            raise forms.ValidationError(_("Choose a class"))
        return given


class MovementForm(_Kept):
    """A movement as the market's registry shows it."""

    class Meta:
        """What is typed in."""

        model = Movement
        fields = (
            "kind", "document", "date", "amount_t", "vintage", "to_vintage", "compliance_year",
            "counterparty", "basis", "remark",
        )  # fmt: skip
        labels: ClassVar = {"amount_t": _("Quantity (t)")}
        help_texts: ClassVar = {
            "document": _("As the registry or the trading venue gives it; counted once"),
            "vintage": _("Years are never added together"),
            "compliance_year": _("For a surrender"),
            "to_vintage": _("For a carry-over"),
            "basis": _("For a carry-over: what allows it, as you read it"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind = self.fields["kind"]
        assert isinstance(kind, forms.ChoiceField)  # noqa: S101  # narrows the type
        kind.choices = [one for one in Movement.Kind.choices if one[0] != Movement.Kind.OFFSET]
        self.fields["vintage"].required = True


class CertificateForm(_Kept):
    """A certificate an enterprise holds."""

    class Meta:
        """What is printed on it."""

        model = Certificate
        fields = ("kind", "number", "amount", "project", "valid_from", "valid_to")
        help_texts: ClassVar = {"amount": _("MWh for green power, tCO₂ for reductions")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("valid_from", "valid_to"):
            self.fields[name].widget = _day()


class ClaimForm(_Kept):
    """What a certificate is used for."""

    class Meta:
        """The one claim."""

        model = Claim
        fields = ("purpose", "period", "date", "remark")
        help_texts: ClassVar = {
            "period": _("2025 or 2025-03; the compliance year for an offset"),
        }

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        allowed = market.CERTIFICATES[kind][1]
        purpose = self.fields["purpose"]
        assert isinstance(purpose, forms.ChoiceField)  # noqa: S101  # narrows the type
        purpose.choices = [one for one in Claim.Purpose.choices if one[0] in allowed]


class FileForm(forms.Form):
    """A file that proves something."""

    file = forms.FileField(label=_("File"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].widget.attrs["accept"] = ",".join(files.KINDS)


def sectors() -> list[tuple[str, Any]]:
    """Return the sectors for a form or a filter."""
    return list(MarketSector.choices)
