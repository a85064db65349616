"""Choices of the enterprise form, kept as the form prints them, in the language used."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tanfeng.console.core.asked import language

#: What is kept -> what it is called.
CHOICES: Mapping[str, Promise] = {
    "大型": _("large"),
    "中型": _("medium"),
    "小型": _("small"),
    "微型": _("micro"),
    "1万吨标准煤及以上": _("10,000 tce and more"),
    "5000吨至1万吨标准煤": _("5,000 to 10,000 tce"),
    "非重点": _("no key user"),
    "全国碳市场": _("national carbon market"),
    "福建碳市场": _("Fujian carbon market"),
    "未纳入": _("in no carbon market"),
}


def said(kept: str) -> str:
    """Return a choice as the page says it; other text as it is."""
    return str(CHOICES[kept]) if kept in CHOICES and language() == "en" else kept
