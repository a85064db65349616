"""The page of one's own account: sessions, sign-ins, the second factor."""

from __future__ import annotations

import time
from typing import cast

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from tanfeng.console.core import audit, rights, sessions, two_factor
from tanfeng.console.core import audit_words as words
from tanfeng.console.core.forms import CodeForm, OwnPasswordForm
from tanfeng.console.core.lists import attachment
from tanfeng.console.core.models import AuditEvent, OpenSession, User
from tanfeng.console.core.permissions import SIGN_INS
from tanfeng.console.core.views.accounts import scope_text

#: Sign-ins listed.
SHOWN = 20
#: Keys of the session, both encrypted: a secret being enrolled, codes shown once.
_SECRET, _CODES, _CODES_AT = "enrolling", "codes", "codes_at"
#: How long codes shown once wait to be noted. [s]
CODES_S = 600


def my_account(request: HttpRequest) -> HttpResponse:
    """Show who one is here, where one is signed in, and who tried."""
    user = cast("User", request.user)
    events = rights.visible(user, AuditEvent).filter(
        username=user.username, action__in=SIGN_INS
    )  # fmt: skip
    rows = [
        {
            "event": event,
            "done": words.action(event.action),
            "words": words.facts(event.detail),
            "bad": event.action.endswith(("failed", "locked")),
        }
        for event in events.order_by("-id")[:SHOWN]
    ]
    current = [{"row": row, "browser": browser_of(row.agent)} for row in sessions.of(user)]
    context = {
        "scope_text": scope_text(user),
        "sessions": current,
        "own_key": request.session.session_key,
        "others": len(current) > 1,
        "events": rows,
        "idle_minutes": settings.SESSION_IDLE_S // 60,
        "session_hours": settings.SESSION_COOKIE_AGE // 3600,
        **_factor(user),
    }
    return render(request, "core/my-account.html", context)


def browser_of(agent: str) -> str:
    """Return browser and system in a word each, as far as the browser tells them."""
    browsers = {"MicroMessenger": "WeChat", "Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox",
                "Chrome/": "Chrome", "Safari/": "Safari"}  # fmt: skip
    systems = {"HarmonyOS": "HarmonyOS", "Android": "Android", "iPhone": "iPhone", "iPad": "iPad",
               "Windows": "Windows", "Mac OS X": "macOS", "Linux": "Linux"}  # fmt: skip
    found = [
        next((name for mark, name in names.items() if mark in agent), "")
        for names in (browsers, systems)
    ]
    return " · ".join(name for name in found if name) or agent[:40]


def _factor(user: User) -> dict[str, object]:
    return {
        "two_factor": two_factor.is_on(),
        "enrolled": two_factor.is_enrolled(user),
        "required": two_factor.is_required(user),
        "codes_left": user.recovery_codes.count(),
    }


@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """End one of one's own sessions."""
    row = rights.get_visible(request.user, OpenSession, pk=pk)
    if row.session_key == request.session.session_key:
        raise PermissionDenied("session.own")
    sessions.end(row)
    audit.record("session.end", request=request, thing=row.user, address=row.address)
    messages.success(request, _("That session has ended."))
    return redirect("my-account")


@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    """End every session of one's own but this."""
    user = cast("User", request.user)
    count = sessions.end_all(user, keep=request.session.session_key)
    if count:
        audit.record("session.end", request=request, thing=user, count=count)
    text = ngettext("%(count)d session has ended.", "%(count)d sessions have ended.", count)
    messages.success(request, text % {"count": count})
    return redirect("my-account")


def second_factor(request: HttpRequest) -> HttpResponse:
    """Enrol a second factor; show what there is when it is enrolled."""
    user = _person(request)
    if two_factor.is_enrolled(user):
        return _enrolled(request, user)
    secret = "".join(two_factor.unseal(request.session.get(_SECRET, "")))
    if not secret:
        secret = two_factor.new_secret()
        request.session[_SECRET] = two_factor.seal([secret])
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            codes = two_factor.enrol(user, secret, form.cleaned_data["code"], request=request)
        except ValidationError as error:
            form.add_error("code", error)
        else:
            del request.session[_SECRET]
            return _keep_codes(request, codes)
    address = two_factor.app_address(user, secret)
    context = {
        "form": form,
        "picture": two_factor.picture(address),
        "key": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "plain_key": secret,
        **_factor(user),
    }
    return render(request, "core/second-factor-new.html", context)


def _enrolled(
    request: HttpRequest, user: User, form: OwnPasswordForm | None = None
) -> HttpResponse:
    context = {"form": form or OwnPasswordForm(request), **_factor(user)}
    return render(request, "core/second-factor.html", context)


@require_POST
def remove_second_factor(request: HttpRequest) -> HttpResponse:
    """Take the own second factor away; the password is asked."""
    user = _person(request)
    form = OwnPasswordForm(request, request.POST)
    if not two_factor.is_enrolled(user) or not form.is_valid():
        return _enrolled(request, user, form) if user.totp_secret else redirect("second-factor")
    two_factor.remove(user, by=user, request=request)
    messages.success(request, _("The second factor is removed."))
    return redirect("my-account")


@require_POST
def renew_codes(request: HttpRequest) -> HttpResponse:
    """Make new recovery codes; the password is asked."""
    user = _person(request)
    form = OwnPasswordForm(request, request.POST)
    if not two_factor.is_enrolled(user) or not form.is_valid():
        return _enrolled(request, user, form) if user.totp_secret else redirect("second-factor")
    return _keep_codes(request, two_factor.renew_codes(user, request=request))


def _keep_codes(request: HttpRequest, codes: list[str]) -> HttpResponse:
    request.session[_CODES] = two_factor.seal(codes)
    request.session[_CODES_AT] = int(time.time())
    return redirect("recovery-codes")


def recovery_codes(request: HttpRequest) -> HttpResponse:
    """Show new recovery codes until the person says they are kept, ten minutes at most."""
    _person(request)
    codes = _waiting_codes(request)
    if request.method == "POST":
        request.session.pop(_CODES, None)
        messages.success(request, _("Your recovery codes are not shown again."))
        return redirect("my-account")
    if not codes:
        return redirect("second-factor")
    return render(request, "core/recovery-codes.html", {"codes": codes})


def recovery_codes_file(request: HttpRequest) -> HttpResponse:
    """Hand the codes out as a text file while they are shown."""
    user = _person(request)
    codes = _waiting_codes(request)
    if not codes:
        raise Http404
    head = _("Recovery codes of %(name)s at Tanfeng; each counts once") % {"name": user.username}
    text = "\r\n".join([head, "", *codes, ""])
    return attachment(text.encode("utf-8-sig"), "tanfeng-recovery-codes.txt", "text/plain")


def _waiting_codes(request: HttpRequest) -> list[str]:
    if time.time() - request.session.get(_CODES_AT, 0) > CODES_S:
        request.session.pop(_CODES, None)
    return two_factor.unseal(request.session.get(_CODES, ""))


def _person(request: HttpRequest) -> User:
    if not two_factor.is_on():
        raise Http404
    return cast("User", request.user)
