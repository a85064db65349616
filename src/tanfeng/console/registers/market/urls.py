"""Addresses of the carbon market."""

from django.urls import path

from tanfeng.console.registers.market.views import accounts, calendar, listing, register

urlpatterns = [
    path("market/", listing.positions, name="market"),
    path("market/calendar/", calendar.show, name="market-calendar"),
    path("market/certificates/", register.certificates, name="market-certificates"),
    path("market/certificates/<int:pk>/", register.certificate, name="market-certificate"),
    path("market/evidence/<int:pk>/", accounts.evidence, name="market-evidence"),
    path("market/<str:code>/<int:year>/", accounts.show, name="market-year"),
]
