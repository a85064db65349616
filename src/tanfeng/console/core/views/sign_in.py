"""Signing in and out, and choosing one's own password."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from tanfeng.console.core import services
from tanfeng.console.core.models import User


class SignIn(LoginView):
    """The sign-in page."""

    template_name = "core/sign-in.html"
    redirect_authenticated_user = True


class SignOut(LogoutView):
    """Ends the session; a form posts here, a link cannot."""


def change_password(request: HttpRequest) -> HttpResponse:
    """Ask for the old password and twice for the new one."""
    user = cast("User", request.user)
    form = PasswordChangeForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.choose_password(user, form.cleaned_data["new_password1"], request=request)
        update_session_auth_hash(request, user)
        messages.success(request, _("Your password is changed."))
        return redirect("overview")
    return render(request, "core/password.html", {"form": form})
