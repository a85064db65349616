import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("archive", "0001_initial"),
        ("core", "0002_audit_is_append_only"),
        ("metering", "0003_names_of_points"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="meter",
            name="metering_number",
        ),
        migrations.RemoveIndex(
            model_name="meter",
            name="metering_valid",
        ),
        migrations.AlterField(
            model_name="meter",
            name="organisation",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="meters",
                to="archive.organisation",
            ),
        ),
        migrations.AddIndex(
            model_name="meter",
            index=models.Index(
                condition=models.Q(("withdrawn_at__isnull", True)),
                fields=["meter_no"],
                name="metering_number",
            ),
        ),
        migrations.AddIndex(
            model_name="meter",
            index=models.Index(
                fields=["organisation", "withdrawn_at", "meter_no", "valid_until"],
                name="metering_of",
            ),
        ),
        migrations.AddIndex(
            model_name="meter",
            index=models.Index(
                condition=models.Q(("withdrawn_at__isnull", True)),
                fields=["valid_until"],
                name="metering_valid",
            ),
        ),
        migrations.AddIndex(
            model_name="meter",
            index=models.Index(
                condition=models.Q(("point__isnull", False)),
                fields=["organisation", "point"],
                name="metering_point_of",
            ),
        ),
    ]
