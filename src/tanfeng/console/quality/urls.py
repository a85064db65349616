"""Addresses of this room."""

from django.urls import path

from tanfeng.console.quality.views import (
    alerts,
    bulletins,
    filings,
    firm,
    limits,
    outages,
    overview,
    production,
)

urlpatterns = [
    path("quality/", overview.overview, name="quality"),
    path("quality/outages/", outages.outages, name="outages"),
    path("quality/outages/<int:pk>/", outages.outage, name="outage"),
    path("quality/filings/", filings.filings, name="outage-filings"),
    path("quality/filings/new/", filings.new, name="outage-filing-new"),
    path("quality/filings/<int:pk>/", filings.filing, name="outage-filing"),
    path("quality/bulletins/", bulletins.bulletins, name="quality-bulletins"),
    path("quality/bulletins/new/", bulletins.new, name="quality-bulletin-new"),
    path("quality/bulletins/<int:pk>/", bulletins.bulletin, name="quality-bulletin"),
    path("quality/limits/", limits.limits, name="quality-limits"),
    path("quality/evidence/<int:pk>/", filings.evidence, name="quality-evidence"),
    path("quality/production/<str:code>/", production.production, name="quality-production"),
    path("quality/<str:code>/", firm.firm, name="quality-of"),
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/<int:pk>/", alerts.alert, name="alert"),
]
