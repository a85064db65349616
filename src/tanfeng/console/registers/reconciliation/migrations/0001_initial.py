import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounting", "0001_initial"),
        ("archive", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Reconciliation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("year", models.PositiveSmallIntegerField(verbose_name="year")),
                ("current", models.BooleanField(default=True, verbose_name="current")),
                (
                    "base_tco2",
                    models.FloatField(blank=True, null=True, verbose_name="by the guideline"),
                ),
                (
                    "statistics_tco2",
                    models.FloatField(blank=True, null=True, verbose_name="by city statistics"),
                ),
                (
                    "difference_tco2",
                    models.FloatField(blank=True, null=True, verbose_name="difference"),
                ),
                (
                    "boundary_tco2",
                    models.FloatField(blank=True, null=True, verbose_name="boundary"),
                ),
                (
                    "missing_tco2",
                    models.FloatField(blank=True, null=True, verbose_name="missing data"),
                ),
                ("method_tco2", models.FloatField(blank=True, null=True, verbose_name="method")),
                (
                    "activity_tco2",
                    models.FloatField(blank=True, null=True, verbose_name="activity"),
                ),
                ("factor_tco2", models.FloatField(blank=True, null=True, verbose_name="factor")),
                (
                    "to_clarify_tco2",
                    models.FloatField(blank=True, null=True, verbose_name="to clarify"),
                ),
                (
                    "unvalued_rows",
                    models.PositiveIntegerField(default=0, verbose_name="lines without a value"),
                ),
                ("computed_at", models.DateTimeField(auto_now_add=True, verbose_name="computed")),
                (
                    "method_run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reconciliations",
                        to="accounting.methodrun",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reconciliations",
                        to="archive.organisation",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounting.run",
                    ),
                ),
            ],
            options={
                "verbose_name": "reconciliation",
                "verbose_name_plural": "reconciliations",
                "ordering": ("-year", "organisation"),
                "indexes": [
                    models.Index(
                        fields=["current", "year", "to_clarify_tco2"],
                        name="reconciliat_current_7625b1_idx",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("method_run", "run"), name="reconciliation_once"
                    )
                ],
            },
        ),
    ]
