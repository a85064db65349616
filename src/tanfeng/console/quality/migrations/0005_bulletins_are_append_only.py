"""Triggers on issued bulletins; ``core.append_only`` says what they do."""

from django.db import migrations

from tanfeng.console.core import append_only


def install(_apps, schema_editor):
    append_only.install(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0002_audit_is_append_only"),
        ("quality", "0004_production_states"),
    ]

    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
