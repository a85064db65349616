"""The help of this register: the workflows as pictures, the rules, where deadlines come from."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tanfeng.accounting import mrv_checks
from tanfeng.console.core.asked import language
from tanfeng.console.registers import diagram
from tanfeng.console.registers.mrv import machines, tables


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Show how the register works; the pictures are drawn from the tables that run it."""
    lang = language()
    return render(
        request,
        "mrv/help.html",
        {
            "pictures": [(one.label, diagram.draw(one)) for one in machines.MACHINES.values()],
            "rules": [
                {
                    "rule": one,
                    "title": one.title(lang),
                    "unit": _("months") if one.unit == "month" else one.unit,
                    "remedy": one.remedy_en if lang == "en" else one.remedy_zh,
                }
                for one in mrv_checks.rules().values()
            ],
            "deadlines": tables.deadlines().values(),
        },
    )
