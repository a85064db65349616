"""Forms of the kernel's pages."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tanfeng import sheets
from tanfeng.console.core import oidc, scopes
from tanfeng.console.core.models import Role, User
from tanfeng.console.core.services import ACCOUNT_FIELDS


class SignInForm(AuthenticationForm):
    """Name and password."""

    def clean_username(self) -> str:
        """Cut a name longer than any account's, so that the wrong try can be written down."""
        name: str = self.cleaned_data["username"]
        return name[: User._meta.get_field("username").max_length]


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """What an administrator sets of an account; the password is never typed by somebody else."""

    class Meta:
        """The fields an administrator keeps."""

        model = User
        fields = ("username", *ACCOUNT_FIELDS)
        labels: ClassVar = {"place_code": _("county"), "park_code": _("park")}
        help_texts: ClassVar = {
            "username": _("Letters, digits and @ . + - _"),
            "place_code": _("For a county officer."),
            "park_code": _("For a park operator."),
            "org_code": _("For an enterprise: its 18-character code, already in the archive."),
            "duty": _("For an administrator. Empty: all three, unless duties must be separate."),
            "sso_name": _("What the sign-on provider calls this person. Empty: password alone."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["username"]
        if not oidc.is_on():
            del self.fields["sso_name"]
        self.fields["display_name"].required = True
        for name in ("place_code", "park_code"):
            offered = [("", "—"), *scopes.choices(name)]
            self.fields[name].widget = forms.Select(choices=offered)

    def clean_org_code(self) -> str:
        """Take the code as it is written on the licence."""
        return str(self.cleaned_data["org_code"]).strip().upper()

    def _post_clean(self) -> None:
        """Leave the instance alone: the service validates and writes."""

    def values(self) -> dict[str, Any]:
        """Return what the service takes."""
        return {
            name: self.cleaned_data[name] for name in ACCOUNT_FIELDS if name in self.cleaned_data
        }


class CodeForm(forms.Form):
    """A one-time code, or a recovery code in its place."""

    code = forms.CharField(
        label=_("One-time code"),
        max_length=40,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "autofocus": True,
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
    )


class OwnPasswordForm(forms.Form):
    """The person's own password, asked again before something that matters."""

    password = forms.CharField(
        label=_("Your password"),
        max_length=4096,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._request = request

    def clean_password(self) -> str:
        """Ask the back ends, so that wrong ones are counted and lock out."""
        text = str(self.cleaned_data["password"])
        user = self._request.user
        assert isinstance(user, User)  # noqa: S101  # narrows the type
        if authenticate(self._request, username=user.username, password=text) != user:
            raise ValidationError(_("This is not your password."))
        return text


class AuditFilter(forms.Form):
    """What to look for in the log."""

    user = forms.CharField(label=_("Account"), required=False, max_length=150)
    action = forms.CharField(label=_("Action"), required=False, max_length=40)
    object = forms.CharField(label=_("Object"), required=False, max_length=100)
    county = forms.ChoiceField(label=_("county"), required=False)
    since = forms.DateField(
        label=_("from"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=_("to"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["county"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # narrows the type
        field.choices = [("", _("All")), *scopes.choices("place_code")]


class UploadForm(forms.Form):
    """A file, and the form it is when the person wants to say so."""

    file = forms.FileField(
        label=_("File"), widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.xls,.csv"})
    )
    form_key = forms.ChoiceField(label=_("Form"), required=False)

    def __init__(self, *args: Any, keys: tuple[str, ...], language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["form_key"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # narrows the type
        field.choices = [
            ("", _("Recognise it from the headings")),
            *((key, sheets.form(key).name(language)) for key in keys),
        ]


def role_choices() -> list[tuple[str, str]]:
    """Return the roles for a filter."""
    return [(value, str(label)) for value, label in Role.choices]
