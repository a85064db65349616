from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounting", "0002_initial"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="total",
            name="accounting__run_id_02ae92_idx",
        ),
        migrations.RemoveIndex(
            model_name="total",
            name="accounting__run_id_e45e06_idx",
        ),
        migrations.AddIndex(
            model_name="total",
            index=models.Index(
                fields=["run", "month", "year", "emission_total_tco2", "organisation"],
                name="accounting__run_id_9d7b48_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="total",
            index=models.Index(
                fields=["run", "month", "year", "energy_equivalent_tce", "organisation"],
                name="accounting__run_id_f35029_idx",
            ),
        ),
    ]
