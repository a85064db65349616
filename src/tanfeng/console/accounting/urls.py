"""Addresses of this app."""

from django.urls import URLPattern, URLResolver, path

from tanfeng.console.accounting.api import api
from tanfeng.console.accounting.views import (
    energy_use,
    impact,
    inventory,
    method_years,
    methods,
    overview,
    report,
    runs,
    trace,
    uncertainty,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", overview.overview, name="overview"),
    path("inventory/", inventory.inventory, name="inventory"),
    path("runs/", runs.runs, name="runs"),
    path("runs/compute/", runs.compute, name="run-compute"),
    path("runs/<int:run_number>/", runs.run, name="run"),
    path("runs/<int:run_number>/publish/", runs.publish, name="run-publish"),
    path("runs/<int:run_number>/findings/", runs.findings, name="run-findings"),
    path("runs/<int:run_number>/factors/", runs.factors, name="run-factors"),
    path("trace/", trace.trace, name="trace"),
    path("trace/record/<int:record_id>/", trace.record, name="trace-record"),
    path("trace/<int:run_number>/<int:line_number>/", trace.line, name="trace-line"),
    path("methods/", methods.methods, name="methods"),
    path("methods/new/<str:credit_code>/", methods.new, name="method-new"),
    path("methods/years/<str:credit_code>/", method_years.years, name="method-years"),
    path("methods/<str:method_key>.xlsx", methods.template, name="method-template"),
    path("methods/<int:run_number>/", methods.show, name="method-run"),
    path("methods/<int:run_number>/uncertainty/", uncertainty.show, name="method-uncertainty"),
    path("methods/<int:run_number>/<int:line_number>/", methods.line, name="method-line"),
    path("impact/<slug:table>/", impact.edition, name="edition-impact"),
    path("impact/<slug:table>/<str:row>/", impact.row, name="factor-impact"),
    path("energy-use/<str:credit_code>/", energy_use.show, name="energy-use"),
    path("reports/city/", report.city, name="report-city"),
    path("api/v1/", api.urls),
]
