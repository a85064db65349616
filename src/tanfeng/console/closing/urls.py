"""Addresses of this room."""

from django.urls import path

from tanfeng.console.closing.views import listing, month

urlpatterns = [
    path("closing/", listing.closings, name="closings"),
    path("closing/<str:code>/", listing.closings_of, name="closings-of"),
    path("closing/<str:code>/<int:year>/<int:month>/", month.show, name="closing"),
]
