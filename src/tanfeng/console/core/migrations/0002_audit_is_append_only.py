"""Triggers on the audit table; ``core.append_only`` says what they do."""

from django.db import migrations

from tanfeng.console.core import append_only


def install(_apps, schema_editor):
    append_only.install(schema_editor.connection)


def remove(_apps, schema_editor):
    append_only.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]

    operations = [migrations.RunPython(install, remove)]
