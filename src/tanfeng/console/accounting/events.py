"""What other rooms may follow: a method account was frozen, a city run was published.

Sent after the transaction, with ``run``. Whoever follows keeps figures of its own and must not
stop the one who froze or published: the signals are sent with ``send_robust``.
"""

from django.dispatch import Signal

method_accounted = Signal()
run_published = Signal()
