"""Addresses of this app."""

from django.urls import path

from tanfeng.console.library.views import documents, overrides, tables

urlpatterns = [
    path("standards/", tables.index, name="standards"),
    path("standards/<slug:table>/", tables.table, name="standards-table"),
    path("standards/<slug:table>/<str:row>/", tables.row, name="standards-row"),
    path("verified-values/", overrides.overrides, name="overrides"),
    path("verified-values/<int:pk>/withdraw/", overrides.withdraw, name="override-withdraw"),
    path("documents/", documents.documents, name="documents"),
    path("documents/<int:pk>/", documents.document, name="document"),
]
