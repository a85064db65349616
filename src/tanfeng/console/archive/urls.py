"""Addresses of this app."""

from django.urls import URLPattern, path

from tanfeng.console.archive import views

urlpatterns: list[URLPattern] = [
    path("enterprises/", views.enterprises, name="enterprises"),
    path("enterprises/<str:credit_code>/", views.enterprise, name="enterprise"),
    path("plants/", views.plants, name="plants"),
]
