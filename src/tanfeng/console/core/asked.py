"""What every page wants to know of a request: who asks, in which language, where errors go."""

from __future__ import annotations

from typing import Literal, cast

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpRequest
from django.utils.translation import get_language

from tanfeng.console.core.models import User
from tanfeng.errors import DataError


def me(request: HttpRequest) -> User:
    """Return who asks; the sign-in fence let no other through."""
    return cast("User", request.user)


def language() -> Literal["zh", "en"]:
    """Return the language of the page or file being made: zh unless the person reads English."""
    return "en" if get_language() == "en" else "zh"


def complain(form: BaseForm | None, error: DataError, request: HttpRequest) -> None:
    """Put what a service found onto the fields it speaks of, or on top of the page."""
    for one in error.problems:
        text = one.message(language())
        if form is None:
            messages.error(request, text)
        else:
            form.add_error(one.heading if one.heading in form.fields else None, text)
