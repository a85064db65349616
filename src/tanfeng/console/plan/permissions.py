"""Who reads the plan: everybody who is signed in. Nobody writes here yet but the loader."""

from django.db.models import Q

from tanfeng.console.core import rights
from tanfeng.console.core.models import Role, User
from tanfeng.console.plan.models import Target, Task, Unit


def _signed_in(_user: User) -> Q:
    return rights.EVERYTHING


def register() -> None:
    """Declare the rules of this app."""
    for model in (Unit, Task, Target):
        rights.register(model, _signed_in)
    rights.register_action("plan.load", Role.CITY, Role.ADMIN)
