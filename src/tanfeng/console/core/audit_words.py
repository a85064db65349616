"""Events of the log in words: what was done, and the facts kept with it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tanfeng import sheets
from tanfeng.console.core.asked import language
from tanfeng.console.core.audit import ChainBreak

#: Action, or its first part, -> words. What is not here is shown as it is recorded.
ACTIONS: dict[str, Promise] = {
    "sign-in": _("Signed in"),
    "sign-in.failed": _("Wrong password"),
    "sign-in.code-failed": _("Wrong one-time code"),
    "sign-in.sso-failed": _("Single sign-on failed"),
    "sign-in.locked": _("Locked out"),
    "sign-out": _("Signed out"),
    "session.end": _("Session ended from another device"),
    "second-factor.enrol": _("Second factor set up"),
    "second-factor.remove": _("Second factor removed"),
    "second-factor.reset": _("Second factor reset"),
    "second-factor.codes": _("New recovery codes"),
    "refused": _("Refused"),
    "account.create": _("Account created"),
    "account.change": _("Account changed"),
    "account.activate": _("Account switched on"),
    "account.deactivate": _("Account switched off"),
    "account.reset": _("Password reset"),
    "account.password": _("Own password changed"),
    "account.shared": _("Account looks shared"),
    "account.shared-seen": _("Shared account looked into"),
    "audit.verify": _("Log verified"),
    "backup.make": _("Backup made"),
    "backup.restore": _("Restored from a backup"),
    "import.upload": _("File uploaded"),
    "import.refuse": _("File refused"),
    "import.map": _("Columns named"),
    "import.fix": _("Cell corrected"),
    "import.unfix": _("Correction taken back"),
    "import.commit": _("Import confirmed"),
    "import.undo": _("Import undone"),
    "import.discard": _("Upload discarded"),
    "import.read": _("Upload opened"),
    "import.download": _("Upload downloaded"),
    "import.marked": _("Marked file downloaded"),
    "job.cancel": _("Job stopped"),
    "job.download": _("Result downloaded"),
    "organisation.read": _("Enterprise file opened"),
    "organisation.change": _("Enterprise file changed"),
    "run.compute": _("Run computed"),
    "run.publish": _("Run published"),
    "method.account": _("Method account made"),
    "method.refuse": _("Method workbook refused"),
    "uncertainty.state": _("Uncertainty of an input stated"),
    "uncertainty.withdraw": _("Uncertainty of an input withdrawn"),
    "override.set": _("Verified value entered"),
    "override.withdraw": _("Verified value withdrawn"),
    "map.import": _("Map imported"),
    "map.remove": _("Map removed"),
    "plan.load": _("Plan loaded"),
    "library.load": _("Library loaded"),
    "export": _("List exported"),
    "api": _("Read through the API"),
}
#: Fact -> words.
FACTS: dict[str, Promise] = {
    "added": _("added"),
    "addresses": _("addresses"),
    "answers": _("answers"),
    "before": _("before"),
    "breaks": _("breaks"),
    "cell": _("cell"),
    "cells": _("cells"),
    "changes": _("changes"),
    "closed": _("closed"),
    "corrections": _("corrections"),
    "count": _("count"),
    "events": _("events"),
    "fields": _("fields"),
    "filters": _("filters"),
    "form": _("form"),
    "how": _("how"),
    "intact": _("chain whole"),
    "kept": _("kept"),
    "last_hash": _("last hash"),
    "mapping": _("columns named"),
    "method": _("method"),
    "number": _("No."),
    "outcome": _("outcome"),
    "path": _("page"),
    "reason": _("reason"),
    "replaced": _("replaced"),
    "restored": _("brought back"),
    "role": _("role"),
    "rows": _("rows"),
    "rows_left_out": _("rows left out"),
    "rules": _("rules"),
    "run": _("run"),
    "sha256": _("digest"),
    "size_bytes": _("bytes"),
    "source": _("source"),
    "status": _("status"),
    "superseded": _("replaced since"),
    "unchanged": _("the same as before"),
    "unit": _("unit"),
    "value": _("value"),
    "year": _("year"),
}
#: Step of a sign-in -> words.
STEPS: dict[str, Promise] = {
    "password": _("password"),
    "oidc": _("single sign-on"),
    "code": _("one-time code"),
    "recovery": _("recovery code"),
    "provider": _("second factor of the provider"),
}
#: Why a session ended by itself, or which wider limit refused a sign-in -> words.
REASONS: dict[str, Promise] = {
    "idle": _("not used for a while"),
    "age": _("longest time over"),
    "many-account": _("this account was tried from many addresses"),
    "many-address": _("many accounts were tried from this address"),
}
#: Digits of a digest that are enough to recognise it.
SHOWN_DIGITS = 12
_DIGEST = re.compile(r"[0-9a-f]{64}")


def action(name: str) -> str:
    """Return what was done in words, the recorded name when there are none."""
    words = ACTIONS.get(name) or ACTIONS.get(name.partition(".")[0])
    return str(words) if words is not None else name


def facts(detail: dict[str, Any]) -> str:
    """Return the facts of an event as one line a person can read."""
    return "; ".join(f"{_name(key)} {_fact(key, value)}" for key, value in detail.items())


def breaks(found: Iterable[tuple[int, str]]) -> list[str]:
    """Return every break of the chain a verification noted as a sentence."""
    lang = language()
    return [ChainBreak(number, kind).told(lang) for number, kind in found]


def outcome(result: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what a job reports as names and texts, hashes in full."""
    return [(_name(key), _reported(key, value)) for key, value in result.items()]


def _reported(key: str, value: Any) -> str:
    if key == "breaks":
        return "; ".join(breaks(value)) or "—"
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    return value if isinstance(value, str) else _value(value)


def _fact(key: str, value: Any) -> str:
    if key == "how":
        return " + ".join(str(STEPS.get(step, step)) for step in str(value).split("+"))
    if key == "reason" and isinstance(value, str) and value in REASONS:
        return str(REASONS[value])
    if key == "form" and value in sheets.forms():
        return sheets.form(value).name(language())
    return _value(value)


def _name(key: str) -> str:
    words = FACTS.get(key)
    return str(words) if words is not None else key.replace("_", " ")


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{_name(key)} {_value(one)}" for key, one in value.items()) or "—"
    if isinstance(value, list):
        return ", ".join(_value(one) for one in value) or "—"
    if value is None or value == "":
        return "—"
    text = str(value)
    return text[:SHOWN_DIGITS] + "…" if _DIGEST.fullmatch(text) else text
