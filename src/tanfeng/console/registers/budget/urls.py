"""Addresses of quotas and budgets."""

from django.urls import path

from tanfeng.console.registers.budget.views import listing, one, roll_up

urlpatterns = [
    path("budget/", listing.budgets, name="budgets"),
    path("budget/new/", one.new, name="budget-new"),
    path("budget/roll-up/", roll_up.roll_up, name="budget-roll-up"),
    path("budget/<int:pk>/", one.show, name="budget"),
]
