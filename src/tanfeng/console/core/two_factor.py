"""The second factor: one-time codes by the clock (RFC 6238) and recovery codes.

A code is what an authenticator app shows for thirty seconds. Codes of the step before and the
step after count too, for clocks that differ; each counts once. Ten wrong ones from anywhere stop
the second step of the account for an hour, besides the lock-out of name and address.

The shared secret is encrypted with a key derived from the installation's own secret, so a copy
of the database alone gives no codes away. Of recovery codes only a digest is kept.
"""

from __future__ import annotations

import base64
import hashlib
import io
import secrets
import time
from datetime import timedelta
from typing import Any, Final

import pyotp
import segno
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from pyotp.utils import strings_equal

from tanfeng.console.core import audit, rights, sessions
from tanfeng.console.core.models import RecoveryCode, Role, User

#: Length of a time step. [s]
STEP_S: Final = 30
#: Steps a clock may be off.
DRIFT: Final = 1
#: Recovery codes made at a time.
CODES: Final = 10
#: Wrong codes that stop the second step, and for how long.
FAILURES: Final = 10
PAUSE: Final = timedelta(hours=1)
#: Who must enrol where the setting says ``government``.
GOVERNMENT: Final = frozenset({Role.CITY, Role.COUNTY, Role.ADMIN})
#: Key of the session: how the second step was taken; empty or absent when it was not.
MARK: Final = "second_factor"
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # without l, o, i, 0 and 1


def is_on() -> bool:
    """Tell whether this installation knows a second factor at all."""
    return str(settings.TWO_FACTOR) != "off"


def is_enrolled(user: User) -> bool:
    """Tell whether the account has a second factor that counts."""
    return is_on() and bool(user.totp_secret)


def is_required(user: User) -> bool:
    """Tell whether the account must have one."""
    return str(settings.TWO_FACTOR) == "government" and user.role in GOVERNMENT


def is_paused(user: User) -> bool:
    """Tell whether too many wrong codes stop the second step for now."""
    failed = user.totp_failed_at
    return user.totp_failures >= FAILURES and failed is not None and failed > timezone.now() - PAUSE


def new_secret() -> str:
    """Return a new shared secret of 160 bits, as authenticator apps take it."""
    return str(pyotp.random_base32())


def app_address(user: User, secret: str) -> str:
    """Return the address an authenticator app reads from the QR code."""
    return str(pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name="Tanfeng"))


def picture(address: str) -> SafeString:
    """Return the QR code as SVG without any inline style; it is drawn here and sent nowhere."""
    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        out, kind="svg", xmldecl=False, svgclass="qr", lineclass=None, omitsize=True, border=4,
        dark="#000", light="#fff",
    )  # fmt: skip
    # The markup is the library's own; the address is in it as squares only.
    return mark_safe(out.getvalue().decode())  # noqa: S308


def take(user: User, text: str) -> str:
    """Check what a person typed as the second step.

    Returns
    -------
    str
        ``code`` or ``recovery`` when it is right, else empty. A right one is used up.
    """
    typed = "".join(text.split()).replace("-", "").lower()
    with transaction.atomic():
        held = User.objects.select_for_update().get(pk=user.pk)
        if is_paused(held):
            return ""
        step = _step_of(held, typed)
        kind = "code" if step else "recovery" if _use_recovery(held, typed) else ""
        if kind:
            held.totp_step = max(held.totp_step, step)
            held.totp_failures = 0
        else:
            over = held.totp_failures >= FAILURES
            held.totp_failures = 1 if over else held.totp_failures + 1
            held.totp_failed_at = timezone.now()
        held.save(update_fields=("totp_step", "totp_failures", "totp_failed_at"))
    return kind


@transaction.atomic
def enrol(user: User, secret: str, text: str, *, request: HttpRequest) -> list[str]:
    """Give the account a second factor and return its recovery codes, shown once.

    Every other session of the person ends.

    Raises
    ------
    ValidationError
        If the code does not fit the secret.
    PermissionDenied
        If there is one already: it is removed first, with the password.
    """
    held = User.objects.select_for_update().get(pk=user.pk)
    if held.totp_secret:
        raise PermissionDenied("second-factor.there")
    step = _matching_step(secret, "".join(text.split()), after=0)
    if not step:
        raise ValidationError(
            _("This code does not fit. Check the clock of your device and type the newest one.")
        )
    user.totp_secret, user.totp_step = _encrypt(secret), step
    user.totp_failures, user.totp_failed_at = 0, None
    user.save(update_fields=_FIELDS)
    request.session[MARK] = "code"
    sessions.end_all(user, keep=request.session.session_key)
    codes = _new_codes(user)
    audit.record("second-factor.enrol", user=user, request=request, thing=user)
    return codes


@transaction.atomic
def renew_codes(user: User, *, request: HttpRequest) -> list[str]:
    """Make the old recovery codes worthless and return new ones, shown once."""
    if not user.totp_secret:
        raise PermissionDenied("second-factor.none")
    codes = _new_codes(user)
    audit.record("second-factor.codes", user=user, request=request, thing=user)
    return codes


@transaction.atomic
def remove(user: User, *, by: User | None, request: HttpRequest | None = None) -> None:
    """Take the second factor away: the person itself, or an administrator for a lost device.

    Parameters
    ----------
    by : User or None
        The person itself, whose password the page has asked for; an administrator who keeps
        accounts; None on the command line, where the operating system has asked already.
    """
    own = by is not None and by.pk == user.pk
    if by is not None and not own:
        rights.require(by, "accounts.manage")
    user.totp_secret, user.totp_step, user.totp_failures, user.totp_failed_at = "", 0, 0, None
    user.save(update_fields=_FIELDS)
    user.recovery_codes.all().delete()
    keep = request.session.session_key if own and request is not None else None
    sessions.end_all(user, keep=keep)
    action = "second-factor.remove" if own else "second-factor.reset"
    audit.record(action, user=by, request=request, thing=user)


def seal(codes: list[str]) -> str:
    """Encrypt what is shown once, for the moments it waits in the session."""
    return _encrypt(" ".join(codes))


def unseal(text: str) -> list[str]:
    """Return what :func:`seal` closed; nothing when it cannot be read."""
    return _decrypt(text).split()


_FIELDS = ("totp_secret", "totp_step", "totp_failures", "totp_failed_at")


def _step_of(user: User, typed: str) -> int:
    secret = _decrypt(user.totp_secret)
    return _matching_step(secret, typed, after=user.totp_step) if secret else 0


def _matching_step(secret: str, typed: str, *, after: int) -> int:
    """Return the time step whose code was typed, 0 when there is none newer than ``after``."""
    now = int(time.time()) // STEP_S
    codes = pyotp.TOTP(secret, interval=STEP_S)
    steps = range(now - DRIFT, now + DRIFT + 1)
    fitting = [step for step in steps if strings_equal(codes.generate_otp(step), typed)]
    return max((step for step in fitting if step > after), default=0)


def _new_codes(user: User) -> list[str]:
    user.recovery_codes.all().delete()
    codes = [
        "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(3))
        for _ in range(CODES)
    ]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(user=user, digest=_digest(user, code.replace("-", ""))) for code in codes
    )
    return codes


def _use_recovery(user: User, typed: str) -> bool:
    gone, _kinds = RecoveryCode.objects.filter(user=user, digest=_digest(user, typed)).delete()
    return gone > 0


def _digest(user: User, code: str) -> str:
    """Return the digest of a code of 59 random bits: too many to try, so a quick hash will do."""
    value: Any = salted_hmac("tanfeng.recovery", f"{user.pk}:{code}", algorithm="sha256")
    return str(value.hexdigest())


def _cipher() -> Fernet:
    key = hashlib.sha256(b"tanfeng.second-factor:" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))


def _encrypt(text: str) -> str:
    return _cipher().encrypt(text.encode()).decode()


def _decrypt(text: str) -> str:
    try:
        return _cipher().decrypt(text.encode()).decode()
    except InvalidToken:
        return ""
