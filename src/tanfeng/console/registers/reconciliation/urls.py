"""Addresses of reconciliations."""

from django.urls import path

from tanfeng.console.registers.reconciliation import views

urlpatterns = [
    path("reconciliation/", views.reconciliations, name="reconciliations"),
    path("reconciliation/<str:code>/<int:year>/", views.show, name="reconciliation"),
]
