"""Addresses of this app."""

from django.urls import path

from tanfeng.console.plan import views

urlpatterns = [
    path("targets/", views.targets, name="targets"),
    path("targets/<str:key>/", views.target, name="target"),
    path("tasks/", views.tasks, name="tasks"),
    path("tasks/<str:clause>/", views.task, name="task"),
]
