"""Addresses of the console."""

from django.urls import include, path

urlpatterns = [
    path("", include("tanfeng.console.core.urls")),
    path("", include("tanfeng.console.archive.urls")),
    path("", include("tanfeng.console.library.urls")),
    path("", include("tanfeng.console.metering.urls")),
    path("", include("tanfeng.console.closing.urls")),
    path("", include("tanfeng.console.energy.urls")),
    path("", include("tanfeng.console.forecast.urls")),
    path("", include("tanfeng.console.accounting.urls")),
    path("", include("tanfeng.console.plan.urls")),
    path("", include("tanfeng.console.registers.mrv.urls")),
    path("", include("tanfeng.console.registers.reconciliation.urls")),
    path("", include("tanfeng.console.registers.budget.urls")),
    path("", include("tanfeng.console.registers.market.urls")),
]

handler400 = "tanfeng.console.core.views.errors.bad_request"
handler403 = "tanfeng.console.core.views.errors.forbidden"
handler404 = "tanfeng.console.core.views.errors.not_found"
handler500 = "tanfeng.console.core.views.errors.server_error"
