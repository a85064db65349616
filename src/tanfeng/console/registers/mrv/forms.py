"""Forms of the MRV pages."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tanfeng.accounting import methods
from tanfeng.console.accounting.models import Run
from tanfeng.console.core import rights
from tanfeng.console.core.models import User
from tanfeng.console.registers.mrv import files, tables
from tanfeng.console.registers.mrv.models import (
    EmissionReport,
    Evidence,
    Finding,
    MonthlyFiling,
    PlanItem,
    SpotCheck,
)

#: What stands for a parameter the list does not have.
OTHER = "other"
_MARK = "%Y-%m-%d"


def _day(**more: Any) -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date", **more}, format=_MARK)


def method_choices(language: str) -> list[tuple[str, str]]:
    """Return the methods of accounting by name."""
    named = [
        (key, one.title_en if language == "en" else one.title_zh)
        for key, one in methods.METHODS.items()
    ]
    return [("", "—"), *named]


class _Kept(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A form over a model that leaves the instance alone: the service writes."""

    def _post_clean(self) -> None:
        """Leave the instance alone."""


class ReportForm(_Kept):
    """Method, boundary, run and total of a year."""

    class Meta:
        """What the enterprise states of its year."""

        model = EmissionReport
        fields = ("method_key", "boundary", "run", "total_tco2e")
        help_texts: ClassVar = {
            "total_tco2e": _("tCO₂e, as the report states it"),
            "run": _("The frozen computation the report rests on, where there is one"),
        }

    def __init__(self, *args: Any, user: User, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["method_key"].widget = forms.Select(choices=method_choices(language))
        run = self.fields["run"]
        assert isinstance(run, forms.ModelChoiceField)  # noqa: S101  # narrows the type
        run.queryset = rights.visible(user, Run)
        self.fields["total_tco2e"].widget.attrs["step"] = "any"


class PlanForm(forms.Form):
    """Begin a version of the plan."""

    valid_from = forms.DateField(label=_("In effect from"), widget=_day())
    reason = forms.CharField(label=_("Why it is changed"), max_length=300, required=False)


class ItemForm(_Kept):
    """A parameter of the plan."""

    class Meta:
        """How the parameter is found."""

        model = PlanItem
        fields = (
            "parameter", "own_name", "unit", "source", "meter", "frequency", "post",
            "lab_wanted", "substitute", "low", "high",
        )  # fmt: skip
        help_texts: ClassVar = {
            "own_name": _("Only for a parameter the list does not have"),
            "low": _("Empty: the bound of physics alone"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        listed = [(key, f"{one.name} ({one.unit})") for key, one in tables.parameters().items()]
        self.fields["parameter"].widget = forms.Select(choices=[*listed, (OTHER, _("another"))])
        self.fields["unit"].required = False
        for name in ("low", "high"):
            self.fields[name].widget.attrs["step"] = "any"

    def clean(self) -> dict[str, Any]:
        """Take name and unit from the list, or want both."""
        given: dict[str, Any] = super().clean() or {}
        known = tables.parameters().get(given.get("parameter", ""))
        if known is not None:
            given["own_name"], given["unit"] = "", given.get("unit") or known.unit
            return given
        for name in ("own_name", "unit"):
            if not given.get(name):
                self.add_error(name, _("Needed for a parameter the list does not have"))
        if given.get("parameter") == OTHER and given.get("own_name"):
            # The name is its identity: the same name in the next version is the same parameter.
            given["parameter"] = f"x-{given['own_name']}"[:40]
        return given


class FilingForm(_Kept):
    """A month of a parameter."""

    class Meta:
        """What is filed; the unit is that of the plan."""

        model = MonthlyFiling
        fields = (
            "value", "invoice_value", "sampled_on", "tested_on", "laboratory", "accredited",
            "remark",
        )  # fmt: skip
        widgets: ClassVar = {
            "sampled_on": _day(),
            "tested_on": _day(),
            "accredited": forms.NullBooleanSelect,
        }

    def __init__(self, *args: Any, correcting: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("value", "invoice_value"):
            self.fields[name].widget.attrs["step"] = "any"
        self.fields["remark"].required = correcting
        if correcting:
            self.fields["remark"].label = _("Why it is corrected")


class EvidenceForm(_Kept):
    """A file and what stands on it."""

    file = forms.FileField(label=_("File"))

    class Meta:
        """What the uploader says of the file."""

        model = Evidence
        fields = ("kind", "period_from", "period_to", "stated_name", "stated_code")
        widgets: ClassVar = {"period_from": _day(), "period_to": _day()}
        help_texts: ClassVar = {
            "stated_name": _("As printed on the document; it is compared with the enterprise"),
        }

    def __init__(self, *args: Any, kinds: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].widget.attrs["accept"] = ",".join(files.KINDS)
        kind = self.fields["kind"]
        assert isinstance(kind, forms.ChoiceField)  # noqa: S101  # narrows the type
        known = list(Evidence.Kind.choices)
        kind.choices = [(key, label) for key, label in known if not kinds or key in kinds]

    def values(self) -> dict[str, Any]:
        """Return what the service keeps beside the file."""
        return {name: value for name, value in self.cleaned_data.items() if name != "file"}


class PhotoForm(forms.Form):
    """A photograph from the phone, or a file of the visit."""

    file = forms.FileField(
        label=_("Photograph or file"),
        widget=forms.ClearableFileInput(attrs={"accept": "image/jpeg,image/png,.pdf"}),
    )


class VisitForm(_Kept):
    """Day, team and result of a visit."""

    class Meta:
        """What the team writes."""

        model = SpotCheck
        fields = ("team", "visited_on", "present", "summary")
        widgets: ClassVar = {"visited_on": _day(), "summary": forms.Textarea(attrs={"rows": 4})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["visited_on"].widget.attrs["max"] = timezone.localdate().isoformat()


class FindingForm(_Kept):
    """Something that is wrong."""

    class Meta:
        """What is found, where, and by when it is to be put right."""

        model = Finding
        fields = ("place", "text", "severity", "clause", "due_on", "rule")
        widgets: ClassVar = {
            "due_on": _day(),
            "text": forms.Textarea(attrs={"rows": 3}),
            "rule": forms.HiddenInput,
        }
        help_texts: ClassVar = {
            "clause": _("As you read it in the document; the program fills in none")
        }


class StepForm(forms.Form):
    """What is said with a step."""

    remark = forms.CharField(label=_("Remark"), max_length=300, required=False)


class AnswerForm(forms.Form):
    """The answer to a finding."""

    answer = forms.CharField(
        label=_("What was done about it"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4})
    )
