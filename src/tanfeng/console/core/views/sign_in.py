"""Signing in and out in one step or two, and choosing one's own password."""

from __future__ import annotations

import logging
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from tanfeng.console.core import audit, entry, oidc, services, sessions, two_factor
from tanfeng.console.core.forms import CodeForm, SignInForm
from tanfeng.console.core.models import User

logger = logging.getLogger(__name__)
#: Key of the session: where a person wanted to go who was sent to the provider.
_WANTED = "wanted"


class SignIn(LoginView):
    """The sign-in page."""

    template_name = "core/sign-in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what the page says beside the form: why a session ended, single sign-on."""
        return super().get_context_data(
            **kwargs,
            ended=self.request.session.pop("ended", ""),
            idle_minutes=settings.SESSION_IDLE_S // 60,
            session_hours=settings.SESSION_COOKIE_AGE // 3600,
            oidc=oidc.is_on(),
            oidc_label=settings.OIDC["label"],
        )

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Lead to the second step where the account has one."""
        user = form.get_user()
        return entry.first_step(self.request, user, how="password", next_url=self.get_success_url())


class SignOut(LogoutView):
    """Ends the session; a form posts here, a link cannot."""


def code(request: HttpRequest) -> HttpResponse:
    """Ask for the one-time code: the second step."""
    user = entry.waiting(request)
    if user is None:
        return redirect("sign-in")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        answer = entry.second_step(request, user, form.cleaned_data["code"])
        if answer is not None:
            return answer
        form.add_error("code", _("This code does not fit, or it was used before."))
        user.refresh_from_db()
    context = {"form": form, "name": user, "paused": two_factor.is_paused(user)}
    return render(request, "core/sign-in-code.html", context)


def provider(request: HttpRequest) -> HttpResponse:
    """Lead to the provider of single sign-on."""
    if not oidc.is_on():
        raise Http404
    wanted = request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        wanted, {request.get_host()}, require_https=request.is_secure()
    )
    request.session[_WANTED] = wanted if safe else ""
    try:
        return oidc.start(request, request.build_absolute_uri(reverse("sign-in-oidc-back")))
    except oidc.SignOnRefused as error:
        return _refused(request, _kind(error), unreachable=True)


def provider_back(request: HttpRequest) -> HttpResponse:
    """Take in what the provider says and find the account it speaks of."""
    if not oidc.is_on():
        raise Http404
    try:
        said = oidc.finish(request)
    except oidc.SignOnRefused as error:
        return _refused(request, _kind(error))
    user = oidc.account_of(said)
    if user is None:
        name = str(said.get(settings.OIDC["claim"], ""))
        return _refused(request, "no account", name=name)
    wanted = request.session.get(_WANTED) or resolve_url(settings.LOGIN_REDIRECT_URL)
    return entry.first_step(request, user, how="oidc", next_url=wanted, strong=oidc.is_strong(said))


def _kind(error: oidc.SignOnRefused) -> str:
    """Return what failed in a word: the whole error goes to the server's own log."""
    logger.warning("single sign-on: %s", error)
    return type(error.__cause__ or error).__name__


def _refused(
    request: HttpRequest, reason: str, *, name: str = "", unreachable: bool = False
) -> HttpResponse:
    audit.record("sign-in.sso-failed", request=request, username=name, reason=reason)
    context = {"unreachable": unreachable, "unknown": name}
    return render(request, "core/sign-in-refused.html", context, status=502 if unreachable else 403)


def change_password(request: HttpRequest) -> HttpResponse:
    """Ask for the old password and twice for the new one."""
    user = cast("User", request.user)
    form = PasswordChangeForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.choose_password(user, form.cleaned_data["new_password1"], request=request)
        old_key = request.session.session_key
        update_session_auth_hash(request, user)
        sessions.moved(old_key, request.session.session_key)
        messages.success(request, _("Your password is changed. Other devices are signed out."))
        return redirect("overview")
    return render(request, "core/password.html", {"form": form})
