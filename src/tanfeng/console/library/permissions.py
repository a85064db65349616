"""Who reads the library (everybody signed in) and who enters verified values (the city)."""

from django.db.models import Q

from tanfeng.console.core import rights
from tanfeng.console.core.models import Role, User
from tanfeng.console.library.models import Document, FactorOverride

#: Reading standards tables, which are files and no records.
READ = "library.read"


def _signed_in(_user: User) -> Q:
    return rights.EVERYTHING


def register() -> None:
    """Declare the rules of this app."""
    city = rights.is_role(Role.CITY)
    rights.register(Document, _signed_in)
    rights.register(FactorOverride, _signed_in, add=city, withdraw=city)
    rights.register_action(READ, *Role.values)
    rights.register_action("library.load", Role.CITY, Role.ADMIN)
