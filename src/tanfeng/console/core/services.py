"""Accounts: create, change, switch off, give a new password. Every write is an audit event."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from tanfeng.console.core import audit, rights, scopes, sessions, two_factor
from tanfeng.console.core.models import Role, User

#: Account that stands for the program itself; nobody can sign in with it.
SYSTEM = "system"
#: What an account form may set; everything else of the model is Django's own.
ACCOUNT_FIELDS = (
    "display_name",
    "department",
    "email",
    "role",
    "place_code",
    "park_code",
    "org_code",
    "duty",
    "sso_name",
)  # fmt: skip
#: The scope a role needs.
SCOPE_FIELD: dict[str, str] = {
    Role.COUNTY: "place_code",
    Role.PARK: "park_code",
    Role.ENTERPRISE: "org_code",
}


def system_user() -> User:
    """Return the account of the program itself: a city officer nobody can sign in as."""
    user, created = User.objects.get_or_create(
        username=SYSTEM, defaults={"role": Role.CITY, "display_name": "系统"}
    )
    if created:
        user.set_unusable_password()
        user.save(update_fields=("password",))
    return user


@transaction.atomic
def create_account(
    *, username: str, by: User | None, request: HttpRequest | None = None, **fields: Any
) -> tuple[User, str]:
    """Create an account and return it with its first password, shown once and never again.

    Parameters
    ----------
    username : str
        Name to sign in with.
    by : User or None
        Administrator who creates it; None on the command line, where the operating system has
        asked already.
    fields
        Values of ``ACCOUNT_FIELDS``; scope codes that do not belong to the role are dropped.

    Raises
    ------
    ValidationError
        If a field does not hold.
    """
    if by is not None:
        rights.require(by, "accounts.manage")
    password = new_password()
    user = User(username=username, must_change_password=True, **_scoped(fields))
    user.set_password(password)
    user.full_clean()
    user.save()
    audit.record("account.create", user=by, request=request, thing=user, role=user.role)
    return user, password


@transaction.atomic
def change_account(
    user: User, *, by: User, request: HttpRequest | None = None, **fields: Any
) -> User:
    """Change what an account may do and how it is shown.

    Raises
    ------
    PermissionDenied
        If ``by`` may not, or is the account itself: nobody widens the own rights.
    """
    _require_other(by, user)
    changes = {}
    standing = {name: getattr(user, name) for name in ("role", "duty", *SCOPE_FIELD.values())}
    for name, value in _scoped({**standing, **fields}).items():
        before = getattr(user, name)
        if before != value:
            changes[name] = [before, value]
            setattr(user, name, value)
    user.full_clean()
    if changes:
        user.save(update_fields=tuple(changes))
        # A person's e-mail address is personal data and has no place in a log kept for years.
        told = {name: change for name, change in changes.items() if name != "email"}
        audit.record("account.change", user=by, request=request, thing=user, changes=told)
    return user


@transaction.atomic
def set_active(user: User, active: bool, *, by: User, request: HttpRequest | None = None) -> User:
    """Switch an account off or on again; accounts are never deleted, their events name them."""
    _require_other(by, user)
    if user.is_active != active:
        user.is_active = active
        user.save(update_fields=("is_active",))
        if not active:
            sessions.end_all(user)
        action = "account.activate" if active else "account.deactivate"
        audit.record(action, user=by, request=request, thing=user)
    return user


@transaction.atomic
def reset_password(user: User, *, by: User | None, request: HttpRequest | None = None) -> str:
    """Give an account a new password, to be changed at the next sign-in; return it once.

    Every session of the account ends. ``by`` is None on the command line.
    """
    _require_other(by, user)
    password = new_password()
    user.set_password(password)
    user.must_change_password = True
    user.save(update_fields=("password", "must_change_password"))
    sessions.end_all(user)
    audit.record("account.reset", user=by, request=request, thing=user)
    return password


def reset_second_factor(user: User, *, by: User | None, request: HttpRequest | None = None) -> None:
    """Take away the second factor of a person who lost the device, and end every session.

    ``by`` is None on the command line.
    """
    _require_other(by, user)
    two_factor.remove(user, by=by, request=request)


@transaction.atomic
def choose_password(user: User, password: str, *, request: HttpRequest | None = None) -> None:
    """Set the password the person chose; every other session of the person ends.

    Raises
    ------
    ValidationError
        If Django's validators refuse it.
    """
    validate_password(password, user)
    user.set_password(password)
    user.must_change_password = False
    user.save(update_fields=("password", "must_change_password"))
    sessions.end_all(user, keep=request.session.session_key if request is not None else None)
    audit.record("account.password", user=user, request=request, thing=user)


def new_password() -> str:
    """Return a password that can be read out over the telephone: 16 letters and digits in fours."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"  # without l, o, i, 0 and 1
    groups = ("".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(4))
    return "-".join(groups)


def _scoped(fields: dict[str, Any]) -> dict[str, Any]:
    """Empty the scope codes that do not belong to the role; require the one that does."""
    unknown = set(fields) - set(ACCOUNT_FIELDS)
    if unknown:
        raise TypeError(f"an account has no {', '.join(sorted(unknown))}")
    wanted = SCOPE_FIELD.get(fields.get("role", ""), "")
    emptied = {name: "" for name in SCOPE_FIELD.values() if name != wanted}
    if fields.get("role") != Role.ADMIN:
        emptied["duty"] = ""
    code = fields.get(wanted, "")
    if wanted and not scopes.name_of(wanted, code):
        text = _("%(code)s is not registered here.") if code else _("This role needs it.")
        raise ValidationError({wanted: text % {"code": code}})
    return {**fields, **emptied}


def _require_other(by: User | None, user: User) -> None:
    if by is None:
        return
    rights.require(by, "accounts.manage")
    if by.pk == user.pk:
        raise PermissionDenied("accounts.own")
