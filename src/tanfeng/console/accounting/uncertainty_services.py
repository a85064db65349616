"""State the uncertainty of an input, or withdraw it: rights are asked, deeds audited."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from tanfeng.console.accounting import uncertainty
from tanfeng.console.accounting.models import InputUncertainty, MethodRun
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import audit, rights
from tanfeng.console.core.models import User
from tanfeng.errors import ModelError

#: Widest half width that can be stated. [%]
WIDEST = 500.0


def state(
    user: User,
    run: MethodRun,
    key: str,
    *,
    relative_pct: float,
    distribution: str,
    together: bool,
    group: str,
    grounds: str,
    request: HttpRequest | None = None,
) -> InputUncertainty:
    """State what an input of an enterprise's account of a method and year may be off by.

    Parameters
    ----------
    user : User
        Who states it; must be allowed to hand in forms for the enterprise.
    run : MethodRun
        An account that has the input.
    key : str
        The input, one of :func:`uncertainty.sources`.
    relative_pct : float
        Half width of the 95 % interval. [%]
    distribution : str
        normal, lognormal or uniform.
    together : bool
        Whether the rows of the input share one error.
    group : str
        Name of what several inputs share, such as one scale; empty for none.
    grounds : str
        Certificate, class of the meter or document the figure comes from.

    Raises
    ------
    PermissionDenied
        If the user may not.
    ModelError
        If the input, the figure or the distribution is none, or no grounds are named.
    """
    rights.require(user, "upload", run.organisation)
    if key not in uncertainty.sources(run):
        raise ModelError(_("Account M%s has no such input") % run.number)
    if not 0 <= relative_pct <= WIDEST:
        raise ModelError(_("The half width is a percentage from 0 to %g") % WIDEST)
    if distribution not in InputUncertainty.Distribution.values:
        raise ModelError(_("There is no distribution %s") % distribution)
    if not grounds.strip():
        raise ModelError(_("Name the grounds: certificate, class of the meter or document"))
    with transaction.atomic():
        # Whoever states one of the same enterprise waits here.
        Organisation.objects.select_for_update().get(pk=run.organisation_id)
        before = _withdrawn(run, key)
        one = InputUncertainty.objects.create(
            organisation=run.organisation,
            method_key=run.method_key,
            year=run.year,
            input_key=key,
            relative_pct=relative_pct,
            distribution=distribution,
            together=together,
            group=group.strip()[:40],
            grounds=grounds.strip()[:200],
            stated_by=user,
        )
        audit.record(
            "uncertainty.state", user=user, request=request, thing=one, number=run.number,
            input=key, relative_pct=f"{relative_pct:g}",
            before=f"{before.relative_pct:g}" if before else None,
        )  # fmt: skip
    return one


def withdraw(user: User, run: MethodRun, key: str, *, request: HttpRequest | None = None) -> None:
    """Take back what is stated of an input; it counts as without a statement again.

    Raises
    ------
    PermissionDenied
        If the user may not.
    ModelError
        If nothing is stated of it.
    """
    rights.require(user, "upload", run.organisation)
    with transaction.atomic():
        before = _withdrawn(run, key)
        if before is None:
            raise ModelError(_("Nothing is stated of this input"))
        audit.record(
            "uncertainty.withdraw", user=user, request=request, thing=before, number=run.number,
            input=key, before=f"{before.relative_pct:g}",
        )  # fmt: skip


def _withdrawn(run: MethodRun, key: str) -> InputUncertainty | None:
    one = InputUncertainty.objects.filter(
        organisation=run.organisation_id,
        method_key=run.method_key,
        year=run.year,
        input_key=key,
        withdrawn_at=None,
    ).first()
    if one is not None:
        one.withdrawn_at = timezone.now()
        one.save(update_fields=["withdrawn_at"])
    return one
