"""Addresses of this room."""

from django.urls import path

from tanfeng.console.metering import push
from tanfeng.console.metering.views import (
    gateways,
    meters,
    points,
    rates,
    record,
    unclaimed,
    units,
    virtual,
)

urlpatterns = [
    path("monitoring/", points.points, name="metering"),
    path("monitoring/<int:pk>/", points.point, name="metering-point"),
    path("monitoring/<int:pk>/window/", points.point_window, name="metering-point-window"),
    path("meters/", meters.meters, name="meters"),
    path("meters/new/", meters.new, name="meter-new"),
    path("meters/<int:pk>/", record.meter, name="meter"),
    path("meters/unclaimed/", unclaimed.unclaimed, name="meters-unclaimed"),
    path("meters/virtual/", virtual.virtual_meters, name="meter-virtual"),
    path("meters/virtual/new/", virtual.new, name="meter-virtual-new"),
    path("meters/virtual/check/", virtual.check, name="meter-virtual-check"),
    path("meters/virtual/<int:pk>/", virtual.virtual_meter, name="meter-virtual-of"),
    path("meters/rates/", rates.rates, name="meter-rates"),
    path("meters/rates/<str:code>/", rates.rates_of, name="meter-rates-of"),
    path("meters/units/<str:code>/", units.units, name="meter-units"),
    path("gateways/", gateways.gateways, name="gateways"),
    path("gateways/<int:pk>/", gateways.gateway, name="gateway"),
    path("api/v1/readings", push.readings, name="readings"),
]
