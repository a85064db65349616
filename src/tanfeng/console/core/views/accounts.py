"""Accounts, kept by administrators."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from tanfeng.console.core import rights, scopes, services, shared, two_factor
from tanfeng.console.core.forms import AccountForm, role_choices
from tanfeng.console.core.lists import Column, Listing
from tanfeng.console.core.models import Role, User


def scope_text(user: User) -> str:
    """Return the name of the county, park or enterprise the account is bound to."""
    field = services.SCOPE_FIELD.get(user.role, "")
    code = getattr(user, field, "")
    return scopes.name_of(field, code) or code


COLUMNS = (
    Column("username", gettext_lazy("account"), sort="username"),
    Column("display_name", gettext_lazy("name shown"), sort="display_name"),
    Column("role", gettext_lazy("role"), lambda user: user.get_role_display(), sort="role"),
    Column("scope", gettext_lazy("scope"), scope_text),
    Column("department", gettext_lazy("department"), sort="department"),
    Column("duty", gettext_lazy("duty"), lambda user: user.get_duty_display()),
    Column(
        "second_factor", gettext_lazy("second factor"), lambda user: two_factor.is_enrolled(user)
    ),
    Column("is_active", gettext_lazy("active"), sort="is_active"),
    Column("last_login", gettext_lazy("last sign-in"), sort="last_login"),
)


def accounts(request: HttpRequest) -> HttpResponse:
    """List the accounts."""
    rights.require(request.user, "accounts.manage")
    rows = rights.visible(request.user, User)
    role, text = request.GET.get("role", ""), request.GET.get("q", "").strip()
    if role in Role.values:
        rows = rows.filter(role=role)
    if text:
        rows = rows.filter(
            Q(username__icontains=text)
            | Q(display_name__icontains=text)
            | Q(org_code=text)
            | Q(department__icontains=text)
        )
    listing = Listing(
        request,
        rows,
        name="accounts",
        title=_("User accounts"),
        columns=COLUMNS,
        default_sort="username",
    )
    if listing.wants_export:
        return listing.export()
    for account in listing.page:
        account.scope_text = scope_text(account)
        account.factor = two_factor.is_enrolled(account)
        account.factor_due = two_factor.is_required(account) and not account.factor
    context = {
        "page_obj": listing.page,
        "role": role,
        "roles": role_choices(),
        "text": text,
        "findings": shared.findings(),
        "two_factor": two_factor.is_on(),
        "active": rights.visible(request.user, User).filter(is_active=True).count(),
    }
    return render(request, "core/accounts.html", context)


def new(request: HttpRequest) -> HttpResponse:
    """Create an account; its first password is shown once."""
    rights.require(request.user, "accounts.manage")
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user, password = services.create_account(
                username=form.cleaned_data["username"],
                by=cast("User", request.user),
                request=request,
                **form.values(),
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return render(request, "core/password-once.html", {"of": user, "password": password})
    return render(request, "core/account.html", {"form": form})


def edit(request: HttpRequest, user_id: int) -> HttpResponse:
    """Change an account; one's own is shown, for nobody changes what oneself may do."""
    account = _account(request, user_id)
    if account == request.user and request.method != "POST":
        context = {"account": account, "own": True, "enrolled": bool(account.totp_secret)}
        return render(request, "core/account.html", {**context, "facts": _facts(account)})
    form = AccountForm(request.POST or None, instance=account)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_account(
                account, by=cast("User", request.user), request=request, **form.values()
            )
        except ValidationError as error:
            form.add_error(None, error)
            account.refresh_from_db()
        else:
            messages.success(request, _("Saved."))
            return redirect("accounts")
    context = {"form": form, "account": account, "enrolled": bool(account.totp_secret)}
    return render(request, "core/account.html", context)


def _facts(account: User) -> list[tuple[str, str]]:
    """Return what stands in an account, as a person reads it."""
    fields = AccountForm(instance=account).fields
    shown = {
        "role": account.get_role_display(),
        "duty": account.get_duty_display(),
        **{
            name: scopes.name_of(name, code) or code
            for name in services.SCOPE_FIELD.values()
            if (code := getattr(account, name))
        },
    }
    return [
        (str(field.label), str(shown.get(name) or getattr(account, name) or ""))
        for name, field in fields.items()
    ]


@require_POST
def active(request: HttpRequest, user_id: int) -> HttpResponse:
    """Switch an account off or on."""
    account = _account(request, user_id)
    wanted = request.POST.get("active") == "1"
    services.set_active(account, wanted, by=cast("User", request.user), request=request)
    text = _("%s may sign in again.") if wanted else _("%s can no longer sign in.")
    messages.success(request, text % account)
    return redirect("account", user_id=account.pk)


@require_POST
def reset(request: HttpRequest, user_id: int) -> HttpResponse:
    """Give an account a new password and show it once."""
    account = _account(request, user_id)
    password = services.reset_password(account, by=cast("User", request.user), request=request)
    return render(request, "core/password-once.html", {"of": account, "password": password})


@require_POST
def reset_factor(request: HttpRequest, user_id: int) -> HttpResponse:
    """Take the second factor of a lost device away."""
    account = _account(request, user_id)
    services.reset_second_factor(account, by=cast("User", request.user), request=request)
    messages.success(request, _("%s can sign in without a code and set up a new device.") % account)
    return redirect("account", user_id=account.pk)


@require_POST
def shared_seen(request: HttpRequest, user_id: int) -> HttpResponse:
    """Close the finding that an account looks shared."""
    account = _account(request, user_id)
    shared.looked_into(account, by=cast("User", request.user), request=request)
    messages.success(request, _("Noted in the audit log."))
    return redirect("accounts")


def _account(request: HttpRequest, user_id: int) -> User:
    rights.require(request.user, "accounts.manage")
    return rights.get_visible(request.user, User, pk=user_id)
