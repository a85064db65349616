"""Addresses of the MRV record."""

from django.urls import path

from tanfeng.console.registers.mrv.views import (
    choosing,
    findings,
    helping,
    listing,
    plans,
    visits,
    years,
)

urlpatterns = [
    path("mrv/", listing.reports, name="mrv"),
    path("mrv/selection/", choosing.selection, name="mrv-selection"),
    path("mrv/help/", helping.show, name="mrv-help"),
    path("mrv/plans/<int:pk>/", plans.plan, name="mrv-plan"),
    path("mrv/checks/<int:pk>/", visits.check, name="mrv-check"),
    path("mrv/findings/<int:pk>/", findings.finding, name="mrv-finding"),
    path("mrv/evidence/<int:pk>/", years.evidence, name="mrv-evidence"),
    path("mrv/<str:code>/<int:year>/", years.show, name="mrv-year"),
    path("mrv/<str:code>/<int:year>/<int:month>/<str:parameter>/", years.filing, name="mrv-filing"),
]
