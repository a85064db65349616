"""Forms of the library."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tanfeng.console.core.asked import language
from tanfeng.console.library.models import FactorOverride
from tanfeng.console.library.services import Entry, problems_of
from tanfeng.errors import Problem
from tanfeng.standards import Factor


class OverrideForm(forms.Form):
    """A verified value for one row; the unit is that of the row and cannot be chosen."""

    value = forms.FloatField(label=_("Verified value"))
    unit = forms.CharField(
        label=_("Unit"), help_text=_("That of the row; convert the value before you enter it.")
    )
    document = forms.CharField(
        label=_("Document"), max_length=200, help_text=_("Number and title as printed")
    )
    clause = forms.CharField(
        label=_("Clause"), max_length=80, help_text=_("Clause, table or page where it stands")
    )
    verified_on = forms.DateField(
        label=_("Verified on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    note = forms.CharField(label=_("Note"), max_length=300, required=False)
    accept_far = forms.BooleanField(
        label=_("I have checked unit and decimal point and stay with this value"),
        required=False,
        widget=forms.HiddenInput,
    )

    def __init__(self, factor: Factor, data: Any = None) -> None:
        initial = {"unit": factor.unit, "verified_on": timezone.localdate()}
        super().__init__(data, initial=initial)
        self.factor = factor
        self.fields["unit"].widget.attrs["readonly"] = True
        self.fields["value"].widget.attrs["step"] = "any"

    def clean(self) -> dict[str, Any]:
        """Ask the service what speaks against the value; a doubt shows the box that accepts it."""
        given = super().clean() or {}
        if self.errors:
            return given
        found = problems_of(self.entry())
        for one in found:
            if one.severity == "error":
                self.add_error(one.heading if one.heading in self.fields else None, _said(one))
        doubts = [one for one in found if one.severity != "error"]
        if doubts and not given.get("accept_far"):
            self.fields["accept_far"].widget = forms.CheckboxInput()
            for one in doubts:
                self.add_error("value", _said(one))
        return given

    def entry(self) -> Entry:
        """Return what was typed the way the service takes it."""
        given = self.cleaned_data
        return Entry(
            table=self.factor.table,
            row_id=self.factor.row_id,
            value=given["value"],
            unit=given["unit"],
            document=given["document"],
            clause=given["clause"],
            verified_on=given["verified_on"],
            note=given["note"],
        )


def _said(problem: Problem) -> str:
    return problem.message(language())


class WithdrawForm(forms.Form):
    """Why a verified value is taken back."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=FactorOverride._meta.get_field("withdrawn_reason").max_length,
    )
