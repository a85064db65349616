"""A file of several sheets is one upload with a batch for every sheet."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0003_sign_in")]

    operations = [
        migrations.AddField(
            model_name="batch",
            name="book",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="sheets",
                to="core.batch",
            ),
        ),
        migrations.AddField(
            model_name="batch",
            name="sheet_no",
            field=models.PositiveSmallIntegerField(default=0, editable=False),
        ),
    ]
