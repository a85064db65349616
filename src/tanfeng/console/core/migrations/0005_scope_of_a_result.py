"""A result file is handed out while its owner still sees every enterprise it may speak of."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0004_sheets_of_a_book")]

    operations = [
        migrations.AddField(
            model_name="job",
            name="codes",
            field=models.JSONField(default=None, editable=False, null=True),
        ),
    ]
