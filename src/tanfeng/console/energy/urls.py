"""Addresses of this room."""

from django.urls import path

from tanfeng.console.energy.views import balance, compare, overview, time_of_use

urlpatterns = [
    path("energy/", overview.energy, name="energy"),
    path("energy/<str:code>/balance/", balance.balance, name="energy-balance"),
    path("energy/<str:code>/time-of-use/", time_of_use.time_of_use, name="energy-time-of-use"),
    path("energy/<str:code>/compare/", compare.compare, name="energy-compare"),
]
