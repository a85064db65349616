"""The register of certificates and reductions: one certificate, one claim."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import F, FilteredRelation, Q, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from tanfeng.console.core import audit, rights
from tanfeng.console.core.asked import complain, me
from tanfeng.console.core.figures import plain
from tanfeng.console.core.lists import Column, Listing
from tanfeng.console.registers.market import certificates as writes
from tanfeng.console.registers.market import forms, services
from tanfeng.console.registers.market.models import (
    Certificate,
    Claim,
    MarketEvidence,
    Position,
)
from tanfeng.errors import DataError

_PURPOSES = dict(Claim.Purpose.choices)
COLUMNS = (
    Column("number", gettext_lazy("Certificate number"), sort="number"),
    Column("kind", gettext_lazy("Kind"), lambda row: row.get_kind_display(), sort="kind"),
    Column("name", gettext_lazy("Holder"), lambda row: row.organisation.name,
           sort="organisation__name"),
    Column("code", gettext_lazy("Unified social credit code"),
           lambda row: row.organisation.credit_code),
    Column("amount", gettext_lazy("Certified quantity"), sort="amount"),
    Column("unit", gettext_lazy("Unit")),
    Column("project", gettext_lazy("Plant or project")),
    Column("valid_from", gettext_lazy("Valid from"), sort="valid_from"),
    Column("valid_to", gettext_lazy("Valid until"), sort="valid_to"),
    Column("used_for", gettext_lazy("Used for"),
           lambda row: _PURPOSES.get(row.purpose, "") if row.purpose else "", sort="purpose"),
    Column("period", gettext_lazy("Year or month")),
    Column("used_on", gettext_lazy("Used on"), sort="used_on"),
)  # fmt: skip


#: What the rows of the list are written from.
SHOWN = (
    "kind", "number", "amount", "project", "valid_from", "valid_to", "organisation__name",
    "organisation__credit_code",
)  # fmt: skip


def _with_claim(rows: QuerySet[Certificate]) -> Any:
    """Add the claim that stands, in the same query."""
    return rows.annotate(
        standing=FilteredRelation("claims", condition=Q(claims__released_at__isnull=True)),
        purpose=F("standing__purpose"),
        period=F("standing__period"),
        used_on=F("standing__date"),
    )


def _told(row: Any) -> dict[str, Any]:
    """Return a row of the list in words."""
    return {
        "url": f"{reverse('market-certificates')}{row.pk}/",
        "number": row.number,
        "kind": row.get_kind_display(),
        "name": row.organisation.name,
        "project": row.project,
        "amount": f"{plain(row.amount)} {row.unit}",
        "valid": row.valid_to.isoformat() if row.valid_to else "—",
        "purpose": _PURPOSES.get(row.purpose, ""),
        "period": row.period,
    }


def _narrowed(request: HttpRequest, rows: Any) -> Any:
    asked = request.GET
    if asked.get("kind") in dict(Certificate.Kind.choices):
        rows = rows.filter(kind=asked["kind"])
    if asked.get("purpose") in _PURPOSES:
        rows = rows.filter(purpose=asked["purpose"])
    elif asked.get("purpose") == "free":
        rows = rows.filter(purpose__isnull=True)
    if text := asked.get("q", "").strip()[:60]:
        rows = rows.filter(
            Q(number__icontains=text)
            | Q(organisation__name__icontains=text)
            | Q(organisation__credit_code__istartswith=text)
        )
    return rows


@require_http_methods(["GET", "HEAD", "POST"])
def certificates(request: HttpRequest) -> HttpResponse:
    """List the certificates in the person's scope; a form registers one."""
    user = me(request)
    rights.require(user, "view", Certificate)
    form = forms.CertificateForm() if rights.can(user, "enter", Certificate) else None
    status = 200
    if request.method == "POST":
        answer, form = _registered(request)
        if answer is not None:
            return answer
        status = 422
    rows = _narrowed(
        request, _with_claim(rights.visible(user, Certificate).filter(withdrawn_at__isnull=True))
    )
    listing = Listing(
        request,
        rows.select_related("organisation").only(*SHOWN),
        name="market-certificates",
        title=gettext_lazy("Certificates and reductions"),
        columns=COLUMNS,
        default_sort="number",
    )
    if listing.wants_export:
        return listing.export()
    mwh, free = Q(kind=Certificate.Kind.GREEN), Q(purpose__isnull=True)
    return render(
        request,
        "market/certificates.html",
        {
            "listing": listing,
            "rows": [_told(row) for row in listing.page],
            "sums": rows.order_by().aggregate(
                green=Sum("amount", filter=mwh),
                green_free=Sum("amount", filter=mwh & free),
                tonnes=Sum("amount", filter=~mwh),
                tonnes_free=Sum("amount", filter=~mwh & free),
            ),
            "kinds": Certificate.Kind.choices,
            "purposes": Claim.Purpose.choices,
            "sort": listing.sort,
            "asked": request.GET,
            "form": form,
            "opened": status == 422,
            "own": services.reportable(user).first() if user.org_code else None,
            "given_code": request.POST.get("code", ""),
        },
        status=status,
    )


def _registered(request: HttpRequest) -> tuple[HttpResponse | None, forms.CertificateForm]:
    user = me(request)
    rights.require(user, "enter", Certificate)
    form = forms.CertificateForm(request.POST)
    code = request.POST.get("code", "").strip().upper()
    organisation = services.reportable(user).filter(credit_code=code).first()
    if organisation is None:
        raise Http404
    if form.is_valid():
        try:
            made = writes.register(user, organisation, form.cleaned_data, request=request)
        except DataError as error:
            complain(form, error, request)
        else:
            return redirect("market-certificate", made.pk), form
    return None, form


@require_http_methods(["GET", "HEAD", "POST"])
def certificate(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a certificate with every claim it had; claim, release or withdraw it."""
    user = me(request)
    one = rights.get_visible(user, Certificate, pk=pk)
    form: Any = None
    if request.method == "POST":
        answer, form = _changed(request, one)
        if answer is not None:
            return answer
    else:
        audit.read_of(request, one, "market.read")
    claims = list(
        rights.visible(user, Claim)
        .filter(certificate=one)
        .select_related("entered_by", "released_by", "movement")
    )
    standing = next((claim for claim in claims if claim.released_at is None), None)
    may_claim = standing is None and one.withdrawn_at is None and rights.can(user, "claim", one)
    accounts = rights.visible(user, Position).filter(organisation=one.organisation)
    return render(
        request,
        "market/certificate.html",
        {
            "certificate": one,
            "organisation": one.organisation,
            "standing": standing,
            "claims": claims,
            "evidence": rights.visible(user, MarketEvidence).filter(certificate=one),
            "claim_form": form or (forms.ClaimForm(kind=one.kind) if may_claim else None),
            "may_release": standing is not None and rights.can(user, "release", standing),
            "may_withdraw": may_claim and rights.can(user, "enter", one),
            "file_form": forms.FileForm() if rights.can(user, "enter", one) else None,
            "account": accounts.filter(year=standing.movement.compliance_year or 0).first()
            if standing is not None and standing.movement is not None
            else None,
        },
        status=422 if form is not None else 200,
    )


def _changed(request: HttpRequest, one: Certificate) -> tuple[HttpResponse | None, Any]:
    """Do what a form of the page asks for; the form of a claim comes back when it is wrong."""
    user, do = me(request), request.POST.get("do", "")
    remark = request.POST.get("remark", "").strip()
    here = redirect("market-certificate", one.pk)
    form: Any = None
    try:
        if do == "claim":
            rights.require(user, "claim", one)
            form = forms.ClaimForm(request.POST, kind=one.kind)
            if not form.is_valid():
                return None, form
            given = form.cleaned_data
            writes.claim(
                user, one, given["purpose"], given["period"], given["date"],
                remark=given["remark"], request=request,
            )  # fmt: skip
        elif do == "release":
            claimed = writes.claim_of(one)
            if claimed is None:
                messages.error(request, _("It is claimed for nothing."))
                return here, None
            writes.release(user, claimed, remark, request=request)
        elif do == "withdraw":
            writes.unregister(user, one, remark, request=request)
        elif do == "file":
            rights.require(user, "enter", one)
            form = forms.FileForm(request.POST, request.FILES)
            if form.is_valid():
                file = form.cleaned_data["file"]
                services.attach(user, file.read(), file.name, certificate=one, request=request)
        else:
            rights.require(user, "enter", one)
            raise BadRequest("no such step")
    except DataError as error:
        complain(form if do == "claim" else None, error, request)
        return (None, form) if do == "claim" else (here, None)
    messages.success(request, _("Saved."))
    return here, None
