"""Forms of the metering pages."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tanfeng.console.archive.models import Organisation
from tanfeng.console.core.asked import language
from tanfeng.console.metering import services
from tanfeng.console.metering.models import Gateway, Meter, ProcessUnit
from tanfeng.metering.frames import meter_units
from tanfeng.sheets.meter_list import WATER, item_names
from tanfeng.standards import load


def _day(**more: Any) -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date", **more}, format="%Y-%m-%d")


def _moment() -> forms.DateTimeInput:
    return forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


def _number(label: Any, *, required: bool = True) -> forms.FloatField:
    return forms.FloatField(
        label=label, required=required, widget=forms.NumberInput(attrs={"step": "any"})
    )


def energy_choices() -> list[tuple[str, str]]:
    """Return what a meter may measure, by name in the language of the page."""
    english = language() == "en"
    rows = load("energy_items")
    keys = [
        key
        for key, level, unit in rows.select("item_key", "level", "unit").iter_rows()
        # Fresh water of the statistics is water on a meter.
        if unit != "tce" and key not in ("total", "fresh_water") and level in ("0", "1")
    ]
    return [(key, item_names(key)[english]) for key in (*keys, WATER)]


def unit_choices() -> list[tuple[str, str]]:
    """Return the units a point may show."""
    english = language() == "en"
    return [("", "—")] + [
        (key, f"{key} {one.name_en if english else one.name_zh}")
        for key, one in meter_units().items()
    ]


def is_amount(unit: str) -> bool:
    """Tell whether a unit is that of an amount and not of a rate."""
    known = meter_units().get(unit)
    return known is not None and known.measures == "amount"


class MeterForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """Everything recorded of a meter and its point."""

    class Meta:
        """The fields a person gives."""

        model = Meter
        fields = services.GIVEN
        widgets: ClassVar = {
            "verified_on": _day(),
            "valid_until": _day(),
            "is_online": forms.NullBooleanSelect,
        }
        help_texts: ClassVar = {
            "multiplier": _("Current times voltage ratio; 1 without transformer"),
            "cycle_months": _("months"),
            "point": _("As the gateway names it; empty while it sends nothing"),
            "rated_power": _("The most that can flow in an hour, after the multiplier"),
            "digits": _("Before the register rolls over"),
            "interval_s": _("seconds"),
            "unit": _("Empty: the whole enterprise"),
        }

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = energy_choices()
        self.fields["item_key"].widget = forms.Select(choices=[("", "—"), *offered])
        self.fields["reading_unit"].widget = forms.Select(choices=unit_choices())
        units = ProcessUnit.objects.filter(organisation=organisation, removed_at__isnull=True)
        for name, rows in (
            ("unit", units),
            ("gateway", Gateway.objects.filter(organisation=organisation)),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  # narrows the type
            field.queryset = rows
        for name in ("multiplier", "rated_power"):
            self.fields[name].widget.attrs["step"] = "any"

    def _post_clean(self) -> None:
        """Leave the instance alone: the service checks and writes."""

    def listed(self) -> list[forms.BoundField]:
        """Return the fields of the list of instruments."""
        return [self[name] for name in services.LISTED]

    def sent(self) -> list[forms.BoundField]:
        """Return the fields of a point that sends."""
        return [self[name] for name in services.SENT]


class CalibrationForm(forms.Form):
    """A verification."""

    verified_on = forms.DateField(label=pgettext_lazy("meter", "verified on"), widget=_day())
    valid_until = forms.DateField(label=pgettext_lazy("meter", "valid until"), widget=_day())
    certificate_no = forms.CharField(label=_("certificate number"), max_length=60, required=False)
    verified_by = forms.CharField(
        label=pgettext_lazy("meter", "verified by"), max_length=80, required=False
    )


class HangForm(forms.Form):
    """A device that hangs."""

    serial_no = forms.CharField(label=_("serial number"), max_length=60)
    installed_at = forms.DateTimeField(label=_("hung"), widget=_moment())
    opening = _number(_("register when hung"), required=False)


class ReplaceForm(forms.Form):
    """One device goes, another comes."""

    at = forms.DateTimeField(label=pgettext_lazy("meter", "replaced"), widget=_moment())
    closing = _number(_("register of the old one"))
    serial_no = forms.CharField(label=_("serial number of the new one"), max_length=60)
    opening = _number(_("register of the new one"))
    multiplier = _number(_("multiplier"), required=False)
    digits = forms.IntegerField(label=_("integer digits"), required=False)


class TakeDownForm(forms.Form):
    """A device goes."""

    removed_at = forms.DateTimeField(label=_("taken down"), widget=_moment())
    closing = _number(_("register when taken down"))


class GatewayForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A gateway."""

    class Meta:
        """What a person says of it."""

        model = Gateway
        fields = ("name", "link", "firmware")

    def _post_clean(self) -> None:
        """Leave the instance alone: the service checks and writes."""


class ConnectForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """The broker a gateway publishes at."""

    class Meta:
        """What the city says of it."""

        model = Gateway
        fields = ("address", "topic", "sends_as", "username", "secret_name")
        help_texts: ClassVar = {
            "address": "mqtt://192.0.2.7:1883, mqtts://broker.example:8883",
            "topic": _("A + stands where the name of the gateway is"),
            "secret_name": _("Begins with TANFENG_MQTT_; the password itself is kept nowhere here"),
        }

    def _post_clean(self) -> None:
        """Leave the instance alone: the service checks and writes."""


class Term(TextChoices):
    """How long a new key holds."""

    MONTHS = "90", _("90 days")
    YEAR = "365", _("1 year")
    YEARS = "1095", _("3 years")


class KeyForm(forms.Form):
    """How long a new key holds."""

    days = forms.ChoiceField(label=_("Valid for"), choices=Term.choices, initial=Term.YEAR)


class AdoptForm(forms.Form):
    """The meter an unknown point is given to, and what its readings are."""

    seen = forms.IntegerField(widget=forms.HiddenInput)
    meter = forms.ModelChoiceField(Meter.objects.none(), label=_("meter"))
    reading_kind = forms.ChoiceField(label=_("kind of reading"), choices=Meter.Reading.choices)
    reading_unit = forms.ChoiceField(label=_("unit of the reading"))

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        meter, unit = self.fields["meter"], self.fields["reading_unit"]
        assert isinstance(meter, forms.ModelChoiceField)  # noqa: S101  # narrows the type
        assert isinstance(unit, forms.ChoiceField)  # noqa: S101  # narrows the type
        meter.queryset = Meter.objects.filter(
            organisation=organisation, point__isnull=True, withdrawn_at__isnull=True
        )
        unit.choices = unit_choices()


class ClaimForm(forms.Form):
    """The enterprise and the meter an unclaimed point is given to."""

    point = forms.CharField(max_length=200, widget=forms.HiddenInput)
    code = forms.CharField(label=_("Unified social credit code"), max_length=18)
    meter_no = forms.CharField(
        label=_("management number"), max_length=40,
        help_text=_("Of a meter that stands and sends nothing, or of a new one"),
    )  # fmt: skip
    name = forms.CharField(label=_("name of the meter"), max_length=80, required=False)
    level = forms.TypedChoiceField(
        label=pgettext_lazy("meter", "level"), choices=Meter.Level.choices, coerce=int
    )


class VirtualForm(forms.Form):
    """A virtual meter: what it is computed from, what that is, and where it counts."""

    #: Place in the tree of a figure of its own.
    NOWHERE = "none"

    meter_no = forms.CharField(label=_("management number"), max_length=40)
    name = forms.CharField(label=_("name of the meter"), max_length=80)
    point = forms.CharField(
        label=pgettext_lazy("meter", "point"), max_length=64,
        help_text=_("What other expressions call it"),
    )  # fmt: skip
    item_key = forms.ChoiceField(label=_("energy"))
    reading_unit = forms.ChoiceField(label=_("unit"))
    level = forms.TypedChoiceField(
        label=pgettext_lazy("meter", "level"), choices=Meter.Level.choices, coerce=int,
        help_text=_("Of the meters of one place those of the highest level count"),
    )  # fmt: skip
    place = forms.ChoiceField(label=_("place in the tree"), required=False)
    expression = forms.CharField(
        label=_("expression"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_('Such as P1 + P2 - "P-3", 0.5 * P1, max(P1 - P2, 0 [kWh]), sum("P-*")'),
    )  # fmt: skip

    def __init__(
        self, *args: Any, organisation: Organisation, meter: Meter | None = None, **kwargs: Any
    ) -> None:
        kwargs["initial"] = {} if meter is None else self._said(meter)
        super().__init__(*args, **kwargs)
        self._units = {
            str(one.pk): one
            for one in ProcessUnit.objects.filter(organisation=organisation, removed_at=None)
        }
        amounts = [one for one in unit_choices() if is_amount(one[0])]
        for name, choices in (
            ("item_key", energy_choices()),
            ("reading_unit", amounts),
            ("place", [
                ("", organisation.name), *((key, one.name) for key, one in self._units.items()),
                (self.NOWHERE, _("nowhere: a figure of its own")),
            ]),
        ):  # fmt: skip
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101  # narrows the type
            field.choices = choices

    def _said(self, meter: Meter) -> dict[str, Any]:
        names = ("meter_no", "name", "point", "item_key", "reading_unit", "level", "expression")
        place = self.NOWHERE if not meter.in_tree else str(meter.unit_id or "")
        return {**{name: getattr(meter, name) for name in names}, "place": place}

    def values(self) -> dict[str, Any]:
        """Return what was given in the words of the record."""
        given = dict(self.cleaned_data)
        place = given.pop("place")
        return {**given, "unit": self._units.get(place), "in_tree": place != self.NOWHERE}


class UnitForm(forms.Form):
    """A process or a machine."""

    name = forms.CharField(label=_("name"), max_length=80)
    kind = forms.ChoiceField(label=pgettext_lazy("meter", "kind"), choices=ProcessUnit.Kind.choices)
    parent = forms.ModelChoiceField(
        ProcessUnit.objects.none(), label=_("part of"), required=False, empty_label="—"
    )

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["parent"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  # narrows the type
        field.queryset = ProcessUnit.objects.filter(
            organisation=organisation, removed_at__isnull=True, kind=ProcessUnit.Kind.UNIT
        )
