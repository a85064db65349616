"""Addresses of this room."""

from django.urls import path

from tanfeng.console.forecast import views

urlpatterns = [
    path("forecast/", views.forecasts, name="forecasts"),
    path("forecast/anomalies/", views.anomalies, name="anomalies"),
    path("forecast/<str:code>/", views.forecast, name="forecast"),
]
