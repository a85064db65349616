import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounting", "0001_initial"),
        ("archive", "0001_initial"),
        ("core", "0001_initial"),
        ("core", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="Quota",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("known_from", models.DateTimeField(db_index=True, verbose_name="known from")),
                (
                    "known_to",
                    models.DateTimeField(
                        blank=True, db_index=True, null=True, verbose_name="known until"
                    ),
                ),
                (
                    "source_row",
                    models.PositiveIntegerField(
                        blank=True, null=True, verbose_name="row in the file"
                    ),
                ),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("city", "City"),
                            ("county", "County"),
                            ("park", "Park"),
                            ("enterprise", "Enterprise"),
                        ],
                        max_length=10,
                        verbose_name="level",
                    ),
                ),
                ("object_key", models.CharField(max_length=30)),
                ("year", models.PositiveSmallIntegerField(verbose_name="year")),
                ("measure", models.CharField(max_length=40, verbose_name="figure")),
                ("amount", models.FloatField(verbose_name="quota of the year")),
                ("months", models.JSONField(blank=True, null=True, verbose_name="monthly budget")),
                (
                    "document",
                    models.CharField(
                        blank=True, max_length=120, verbose_name="document it is handed down by"
                    ),
                ),
                ("remark", models.CharField(blank=True, max_length=200, verbose_name="remark")),
                ("is_demo", models.BooleanField(default=False, verbose_name="demonstration data")),
                (
                    "batch",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.batch",
                    ),
                ),
                (
                    "closed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.batch",
                    ),
                ),
                (
                    "entered_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="entered by",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="quotas",
                        to="archive.organisation",
                    ),
                ),
                (
                    "park",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="quotas",
                        to="archive.park",
                    ),
                ),
                (
                    "place",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="quotas",
                        to="archive.place",
                    ),
                ),
            ],
            options={
                "verbose_name": "quota",
                "verbose_name_plural": "quotas",
                "ordering": ("-year", "level", "object_key", "measure", "known_from"),
                "indexes": [
                    models.Index(
                        fields=["object_key", "year"], name="budget_quot_object__7b9bfe_idx"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("known_to__isnull", True)),
                        fields=("object_key", "year", "measure"),
                        name="quota_current_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("level", "city"),
                                ("organisation", None),
                                ("park", None),
                                ("place", None),
                            ),
                            models.Q(
                                ("level", "county"),
                                ("organisation", None),
                                ("park", None),
                                ("place__isnull", False),
                            ),
                            models.Q(
                                ("level", "park"),
                                ("organisation", None),
                                ("park__isnull", False),
                                ("place", None),
                            ),
                            models.Q(
                                ("level", "enterprise"),
                                ("organisation__isnull", False),
                                ("park", None),
                                ("place", None),
                            ),
                            _connector="OR",
                        ),
                        name="quota_of_one_object",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Standing",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("year", models.PositiveSmallIntegerField(verbose_name="year")),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("city", "City"),
                            ("county", "County"),
                            ("park", "Park"),
                            ("enterprise", "Enterprise"),
                        ],
                        max_length=10,
                        verbose_name="level",
                    ),
                ),
                ("measure", models.CharField(max_length=40, verbose_name="figure")),
                ("month", models.PositiveSmallIntegerField(verbose_name="month")),
                ("latest", models.BooleanField(default=False)),
                ("budget", models.FloatField(null=True, verbose_name="budget of the month")),
                ("budget_to_date", models.FloatField(null=True, verbose_name="budget to date")),
                ("actual", models.FloatField(null=True, verbose_name="used in the month")),
                ("actual_to_date", models.FloatField(null=True, verbose_name="used to date")),
                (
                    "deviation_to_date",
                    models.FloatField(null=True, verbose_name="deviation to date"),
                ),
                (
                    "deviation_rate",
                    models.FloatField(null=True, verbose_name="deviation rate to date"),
                ),
                ("is_display_only", models.BooleanField(default=True)),
                ("known_months", models.PositiveSmallIntegerField(default=0)),
                ("missing_months", models.CharField(blank=True, max_length=40)),
                ("missing_rows", models.PositiveIntegerField(default=0)),
                ("forecast", models.FloatField(null=True, verbose_name="forecast of the year")),
                ("forecast_low", models.FloatField(null=True)),
                ("forecast_high", models.FloatField(null=True)),
                ("method", models.CharField(blank=True, max_length=30)),
                (
                    "forecast_deviation",
                    models.FloatField(null=True, verbose_name="forecast less quota"),
                ),
                (
                    "forecast_rate",
                    models.FloatField(null=True, verbose_name="forecast against quota"),
                ),
                (
                    "status",
                    models.CharField(default="no_data", max_length=12, verbose_name="standing"),
                ),
                ("computed_at", models.DateTimeField(auto_now_add=True, verbose_name="computed")),
                (
                    "quota",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="standings",
                        to="budget.quota",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounting.run",
                    ),
                ),
            ],
            options={
                "verbose_name": "standing",
                "verbose_name_plural": "standings",
                "ordering": ("quota", "month"),
                "indexes": [
                    models.Index(
                        condition=models.Q(("latest", True)),
                        fields=["year", "forecast_rate"],
                        name="standing_latest_by_rate",
                    ),
                    models.Index(
                        condition=models.Q(("latest", True)),
                        fields=["year", "status"],
                        name="standing_latest_by_status",
                    ),
                    models.Index(
                        fields=["year", "month", "forecast_rate"],
                        name="budget_stan_year_2032b7_idx",
                    ),
                    models.Index(
                        fields=["year", "month", "status"], name="budget_stan_year_d51b02_idx"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("quota", "month"), name="standing_once")
                ],
            },
        ),
    ]
