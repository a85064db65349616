"""Whether an enterprise keeps the days off and the made-up days of the notices."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("forecast", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="forecast",
            name="keeps_holidays",
            field=models.BooleanField(blank=True, null=True, verbose_name="keeps the holidays"),
        ),
        migrations.AddField(
            model_name="forecast",
            name="keeps_made_up",
            field=models.BooleanField(blank=True, null=True, verbose_name="works the made-up days"),
        ),
    ]
