"""Addresses of the console."""

from django.urls import include, path

urlpatterns = [
    path("", include("tanfeng.console.core.urls")),
    path("", include("tanfeng.console.archive.urls")),
    path("", include("tanfeng.console.library.urls")),
    path("", include("tanfeng.console.accounting.urls")),
    path("", include("tanfeng.console.plan.urls")),
]
