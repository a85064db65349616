"""Addresses of the kernel."""

from __future__ import annotations

from doors_kit import Door


def _batch(world):
    return {"batch_id": world.batch_b.pk}


def _job(world):
    return {"job_id": world.job_b.pk}


def _account(world):
    return {"user_id": world.users["firm_b"].pk}


def _session(world):
    return {"pk": world.session_b.pk}


_ADMIN = frozenset({"admin"})
#: An upload is worked on by its own office and the city.
_HANDLERS = frozenset({"city", "firm_b"})
#: Jobs belong to persons: a county officer does not see those of its enterprises.
_OWNER = frozenset({"city", "admin", "firm_b"})
#: What a job wrote down of an enterprise is not for administrators.
_RESULT = frozenset({"city", "firm_b"})

DOORS = {
    "sign-in": Door(open=True),
    "sign-in-code": Door(open=True),
    "sign-in-oidc": Door(open=True),
    "sign-in-oidc-back": Door(open=True),
    "my-account": Door(common=True),
    "session-end": Door(_session, get=False, post={}, seen_by=frozenset({"firm_b"})),
    "sessions-end": Door(get=False, common=True),
    "second-factor": Door(common=True),
    "second-factor-remove": Door(get=False, common=True),
    "recovery-codes": Door(common=True),
    "recovery-codes-file": Door(common=True),
    "recovery-codes-new": Door(get=False, common=True),
    "sign-out": Door(get=False, common=True),
    "password": Door(common=True),
    "set-language": Door(open=True),
    "healthz": Door(open=True),
    "search": Door(),
    "uploads": Door(),
    "upload-new": Door(),
    "upload": Door(_batch),
    "upload-mapping": Door(_batch, post={"form_key": "product_output"}, seen_by=_HANDLERS),
    "upload-fix": Door(_batch, get=False, post={"cell": "A3", "value": "x"}),
    "upload-unfix": Door(_batch, get=False, post={"cell": "A3"}),
    "upload-confirm": Door(_batch, get=False, post={"good_rows_only": "1"}),
    "upload-discard": Door(_batch, get=False, post={}),
    "upload-undo": Door(_batch, get=False, post={}),
    "upload-file": Door(_batch),
    "upload-marked": Door(_batch),
    "form-template": Door(lambda _world: {"form_key": "monthly_energy"}, common=True),
    "jobs": Door(keepers=_ADMIN),
    "job": Door(_job, seen_by=_OWNER, keepers=_ADMIN),
    "job-progress": Door(_job, seen_by=_OWNER, keepers=_ADMIN),
    "job-cancel": Door(_job, get=False, post={}, seen_by=_OWNER, keepers=_ADMIN),
    "job-file": Door(_job, seen_by=_RESULT),
    "audit": Door(keepers=_ADMIN),
    "audit-verify": Door(get=False, common=True),
    "accounts": Door(keepers=_ADMIN),
    "account-new": Door(),
    "account": Door(
        _account, post={"display_name": "x", "role": "admin"}, seen_by=_ADMIN, keepers=_ADMIN
    ),
    "account-active": Door(
        _account, get=False, post={"active": "0"}, seen_by=_ADMIN, keepers=_ADMIN
    ),
    "account-reset": Door(_account, get=False, post={}, seen_by=_ADMIN, keepers=_ADMIN),
    "account-factor-reset": Door(_account, get=False, post={}, seen_by=_ADMIN, keepers=_ADMIN),
    "account-shared-seen": Door(_account, get=False, post={}, seen_by=_ADMIN, keepers=_ADMIN),
}  # fmt: skip
