"""An administrator with the database in his hands: what he cuts or rewrites is told."""

from __future__ import annotations

import pytest
from django.db import connection

from tanfeng.console.core import append_only, audit, jobs
from tanfeng.console.core.models import AuditEvent

_REST = (
    "at, user_id, username, role, address, object_type, object_id, object_label, place_code, detail"
)


@pytest.fixture
def five(city):
    return [audit.record("export.test", user=city, number=number) for number in range(5)]


@pytest.fixture
def sql():
    """Return a way past the console and its triggers."""

    def run(statement, *parameters):
        append_only.remove(connection)
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
        append_only.install(connection)

    return run


def _reasons():
    return {(one.event_id, one.reason) for one in audit.verify().breaks}


def _rewrite_from(event_id, sql):
    """Compute every hash from an event on again, as somebody who read this program could."""
    before = AuditEvent.objects.filter(id__lt=event_id).order_by("-id").first()
    previous = before.hash if before else audit.GENESIS
    for event in AuditEvent.objects.filter(id__gte=event_id).order_by("id"):
        event.previous_hash = previous
        previous = audit.digest(event)
        sql(
            "UPDATE core_auditevent SET previous_hash = %s, hash = %s WHERE id = %s",
            event.previous_hash, previous, event.pk,
        )  # fmt: skip


def test_an_event_put_in_between_is_told(five, sql):
    middle = five[2]
    sql("UPDATE core_auditevent SET id = id + 100 WHERE id > %s", middle.pk)
    sql(
        f"INSERT INTO core_auditevent (id, action, previous_hash, hash, {_REST})"
        f" SELECT id + 1, 'sign-out', hash,"
        # A hash of its own: one that begins with f already must not come out the same.
        " CASE substr(hash, 1, 1) WHEN 'f' THEN 'e' ELSE 'f' END || substr(hash, 2),"
        f" {_REST}"
        " FROM core_auditevent WHERE id = %s",
        middle.pk,
    )
    assert {(middle.pk + 1, "content"), (five[3].pk + 100, "previous")} <= _reasons()


def test_two_events_that_change_places_are_told(five, sql):
    sql("UPDATE core_auditevent SET id = 9001 WHERE id = %s", five[1].pk)
    assert (9001, "previous") in _reasons()


def test_a_tail_cut_off_is_told_by_the_number_of_the_next_event(five, sql):
    assert audit.verify().intact
    sql("DELETE FROM core_auditevent WHERE id > %s", five[2].pk)
    # PostgreSQL gives no number back that was rolled back: there a gap at the end proves nothing,
    # and the verification before tells the cut, as below.
    assert ((five[4].pk, "cut") in _reasons()) is (connection.vendor == "sqlite")


def test_a_tail_cut_off_is_told_by_the_verification_before(five, sql, admin_user):
    jobs.enqueue(audit.VERIFY, "Verify", admin_user)
    sql("DELETE FROM core_auditevent WHERE id > %s", five[2].pk)
    assert (five[2].pk, "rewritten") in _reasons()


def test_a_chain_written_anew_is_told_by_the_verification_before(five, sql, admin_user):
    jobs.enqueue(audit.VERIFY, "Verify", admin_user)
    assert audit.verify().intact
    sql("UPDATE core_auditevent SET username = 'somebody else' WHERE id = %s", five[1].pk)
    _rewrite_from(five[1].pk, sql)
    assert {reason for _event, reason in _reasons()} == {"rewritten"}


def test_everything_deleted_is_told(five, sql, admin_user):
    jobs.enqueue(audit.VERIFY, "Verify", admin_user)
    sql("DELETE FROM core_auditevent")
    assert (0, "rewritten") in _reasons()
