"""Addresses of this app."""

from django.urls import URLPattern, path

from tanfeng.console.archive import list_views, views

urlpatterns: list[URLPattern] = [
    path("enterprises/", views.enterprises, name="enterprises"),
    path("enterprises/<str:credit_code>/", views.enterprise, name="enterprise"),
    path("lists/", list_views.official_lists, name="official-lists"),
    path("lists/<slug:key>/", list_views.official_list, name="official-list"),
    path("plants/", views.plants, name="plants"),
]
