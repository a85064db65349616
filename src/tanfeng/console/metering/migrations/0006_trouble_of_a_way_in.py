"""What a way in complains of is kept as a finding in both languages.

What stood before was words in one language about that moment; the next try says it anew.
"""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("metering", "0005_list_of_instruments")]

    operations = [
        migrations.RemoveField(model_name="gateway", name="last_error"),
        migrations.AddField(
            model_name="gateway",
            name="trouble",
            field=models.JSONField(blank=True, default=dict, editable=False),
        ),
    ]
