import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("archive", "0001_initial"),
        ("core", "0001_initial"),
        ("core", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="Run",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.PositiveIntegerField(unique=True, verbose_name="number")),
                ("title", models.CharField(max_length=120, verbose_name="title")),
                ("first_year", models.PositiveSmallIntegerField(verbose_name="first year")),
                ("last_year", models.PositiveSmallIntegerField(verbose_name="last year")),
                ("as_of", models.DateTimeField(verbose_name="data as known on")),
                ("options", models.JSONField(default=dict)),
                ("manifest", models.JSONField(default=dict)),
                ("line_count", models.PositiveBigIntegerField(default=0, verbose_name="lines")),
                (
                    "organisation_count",
                    models.PositiveIntegerField(default=0, verbose_name="enterprises"),
                ),
                ("note_count", models.PositiveIntegerField(default=0, verbose_name="notes")),
                ("findings", models.JSONField(blank=True, default=list)),
                (
                    "published",
                    models.BooleanField(db_index=True, default=False, verbose_name="published"),
                ),
                ("is_demo", models.BooleanField(default=False, verbose_name="demonstration data")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="computed")),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "run",
                "verbose_name_plural": "runs",
                "ordering": ("-number",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("published", True)),
                        fields=("published",),
                        name="one_published_run",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Total",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("year", models.PositiveSmallIntegerField(verbose_name="year")),
                ("month", models.PositiveSmallIntegerField(verbose_name="month")),
                (
                    "energy_calorific_tce",
                    models.FloatField(blank=True, null=True, verbose_name="energy, calorific"),
                ),
                (
                    "energy_equivalent_tce",
                    models.FloatField(blank=True, null=True, verbose_name="energy, equivalent"),
                ),
                (
                    "feedstock_calorific_tce",
                    models.FloatField(blank=True, null=True, verbose_name="feedstock, calorific"),
                ),
                (
                    "feedstock_equivalent_tce",
                    models.FloatField(blank=True, null=True, verbose_name="feedstock, equivalent"),
                ),
                (
                    "green_power_calorific_tce",
                    models.FloatField(blank=True, null=True, verbose_name="green power, calorific"),
                ),
                (
                    "green_power_equivalent_tce",
                    models.FloatField(
                        blank=True, null=True, verbose_name="green power, equivalent"
                    ),
                ),
                (
                    "emission_fuel_tco2",
                    models.FloatField(blank=True, null=True, verbose_name="CO2 of fuel burned"),
                ),
                (
                    "emission_electricity_average_tco2",
                    models.FloatField(
                        blank=True, null=True, verbose_name="CO2 of electricity, average"
                    ),
                ),
                (
                    "emission_electricity_residual_tco2",
                    models.FloatField(
                        blank=True, null=True, verbose_name="CO2 of electricity, residual mix"
                    ),
                ),
                (
                    "emission_electricity_fossil_tco2",
                    models.FloatField(
                        blank=True, null=True, verbose_name="CO2 of electricity, fossil only"
                    ),
                ),
                (
                    "emission_heat_tco2",
                    models.FloatField(blank=True, null=True, verbose_name="CO2 of heat"),
                ),
                (
                    "emission_total_tco2",
                    models.FloatField(blank=True, null=True, verbose_name="CO2"),
                ),
                ("measured_tce", models.FloatField(blank=True, null=True, verbose_name="measured")),
                ("reported_tce", models.FloatField(blank=True, null=True, verbose_name="reported")),
                (
                    "estimated_tce",
                    models.FloatField(blank=True, null=True, verbose_name="estimated"),
                ),
                ("months_reported", models.PositiveSmallIntegerField(default=0)),
                ("months_expected", models.PositiveSmallIntegerField(default=0)),
                ("confidence", models.CharField(blank=True, max_length=10)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="totals",
                        to="archive.organisation",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="totals",
                        to="accounting.run",
                    ),
                ),
            ],
            options={
                "verbose_name": "total",
                "verbose_name_plural": "totals",
                "ordering": ("run", "organisation", "year", "month"),
                "indexes": [
                    models.Index(
                        fields=["run", "month", "year", "emission_total_tco2", "organisation"],
                        name="accounting__run_id_9d7b48_idx",
                    ),
                    models.Index(
                        fields=["run", "month", "year", "energy_equivalent_tce", "organisation"],
                        name="accounting__run_id_f35029_idx",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("run", "organisation", "year", "month"), name="total_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="EnergyRecord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source_row", models.PositiveIntegerField(verbose_name="row in the file")),
                ("known_from", models.DateTimeField(db_index=True, verbose_name="known from")),
                (
                    "known_to",
                    models.DateTimeField(
                        blank=True, db_index=True, null=True, verbose_name="known until"
                    ),
                ),
                ("year", models.PositiveSmallIntegerField(verbose_name="year")),
                ("month", models.PositiveSmallIntegerField(verbose_name="month")),
                ("item_key", models.CharField(max_length=40, verbose_name="energy item")),
                (
                    "opening_stock_qty",
                    models.FloatField(blank=True, null=True, verbose_name="opening stock"),
                ),
                ("purchase_qty", models.FloatField(blank=True, null=True, verbose_name="purchase")),
                (
                    "purchase_amount_kcny",
                    models.FloatField(blank=True, null=True, verbose_name="purchase amount"),
                ),
                (
                    "own_production_qty",
                    models.FloatField(blank=True, null=True, verbose_name="own production"),
                ),
                (
                    "consumption_total_qty",
                    models.FloatField(blank=True, null=True, verbose_name="consumption"),
                ),
                (
                    "feedstock_qty",
                    models.FloatField(blank=True, null=True, verbose_name="used as feedstock"),
                ),
                (
                    "transfer_out_qty",
                    models.FloatField(blank=True, null=True, verbose_name="supplied to others"),
                ),
                (
                    "stock_adjustment_qty",
                    models.FloatField(blank=True, null=True, verbose_name="stock adjustment"),
                ),
                (
                    "closing_stock_qty",
                    models.FloatField(blank=True, null=True, verbose_name="closing stock"),
                ),
                (
                    "coef_used_tce",
                    models.FloatField(blank=True, null=True, verbose_name="coefficient used"),
                ),
                (
                    "green_power_1e4kwh",
                    models.FloatField(blank=True, null=True, verbose_name="of which green power"),
                ),
                (
                    "tier",
                    models.CharField(
                        choices=[
                            ("measured", "Measured"),
                            ("reported", "Reported"),
                            ("estimated", "Estimated"),
                        ],
                        default="reported",
                        max_length=10,
                        verbose_name="data quality",
                    ),
                ),
                ("remark", models.CharField(blank=True, max_length=200, verbose_name="remark")),
                (
                    "batch",
                    models.ForeignKey(
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
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="energy_records",
                        to="archive.organisation",
                    ),
                ),
            ],
            options={
                "verbose_name": "energy record",
                "verbose_name_plural": "energy records",
                "ordering": ("organisation", "year", "month", "item_key"),
                "indexes": [
                    models.Index(
                        fields=["organisation", "year", "month"],
                        name="accounting__organis_c37347_idx",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("known_to__isnull", True)),
                        fields=("organisation", "year", "month", "item_key"),
                        name="energy_record_current_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="InputUncertainty",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("method_key", models.CharField(max_length=60, verbose_name="method")),
                ("year", models.PositiveSmallIntegerField(verbose_name="year")),
                ("input_key", models.CharField(max_length=160)),
                ("relative_pct", models.FloatField(verbose_name="half width of the 95 % interval")),
                (
                    "distribution",
                    models.CharField(
                        choices=[
                            ("normal", "normal"),
                            ("lognormal", "lognormal"),
                            ("uniform", "uniform"),
                        ],
                        default="normal",
                        max_length=10,
                        verbose_name="distribution",
                    ),
                ),
                (
                    "together",
                    models.BooleanField(default=True, verbose_name="the rows err together"),
                ),
                (
                    "group",
                    models.CharField(blank=True, max_length=40, verbose_name="errs together with"),
                ),
                ("grounds", models.CharField(max_length=200, verbose_name="grounds")),
                ("stated_at", models.DateTimeField(auto_now_add=True, verbose_name="stated")),
                (
                    "withdrawn_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="withdrawn"),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="input_uncertainties",
                        to="archive.organisation",
                    ),
                ),
                (
                    "stated_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "uncertainty of an input",
                "verbose_name_plural": "uncertainties of inputs",
                "ordering": ("input_key", "stated_at"),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at__isnull", True)),
                        fields=("organisation", "method_key", "year", "input_key"),
                        name="input_uncertainty_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MethodRun",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.PositiveIntegerField(unique=True, verbose_name="number")),
                ("method_key", models.CharField(max_length=60, verbose_name="method")),
                ("year", models.PositiveSmallIntegerField(verbose_name="year")),
                ("as_of", models.DateField(verbose_name="factors published by")),
                ("file_name", models.CharField(max_length=200, verbose_name="file")),
                ("sha256", models.CharField(max_length=64)),
                ("manifest", models.JSONField(default=dict)),
                (
                    "emission_direct_tco2e",
                    models.FloatField(blank=True, null=True, verbose_name="direct emission"),
                ),
                (
                    "emission_electricity_tco2e",
                    models.FloatField(
                        blank=True, null=True, verbose_name="emission of electricity"
                    ),
                ),
                (
                    "emission_heat_tco2e",
                    models.FloatField(blank=True, null=True, verbose_name="emission of heat"),
                ),
                (
                    "emission_total_tco2e",
                    models.FloatField(blank=True, null=True, verbose_name="emission"),
                ),
                ("line_count", models.PositiveIntegerField(default=0, verbose_name="lines")),
                (
                    "missing_rows",
                    models.PositiveIntegerField(default=0, verbose_name="rows not counted"),
                ),
                ("warning_count", models.PositiveIntegerField(default=0, verbose_name="to check")),
                ("confidence", models.CharField(blank=True, max_length=10)),
                ("is_demo", models.BooleanField(default=False, verbose_name="demonstration data")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="computed")),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="method_runs",
                        to="archive.organisation",
                    ),
                ),
                (
                    "replaces",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replaced_by",
                        to="accounting.methodrun",
                    ),
                ),
            ],
            options={
                "verbose_name": "method account",
                "verbose_name_plural": "method accounts",
                "ordering": ("-number",),
                "indexes": [
                    models.Index(
                        fields=["organisation", "year", "method_key"],
                        name="accounting__organis_9768f5_idx",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="OutputRecord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source_row", models.PositiveIntegerField(verbose_name="row in the file")),
                ("known_from", models.DateTimeField(db_index=True, verbose_name="known from")),
                (
                    "known_to",
                    models.DateTimeField(
                        blank=True, db_index=True, null=True, verbose_name="known until"
                    ),
                ),
                ("year", models.PositiveSmallIntegerField(verbose_name="year")),
                ("month", models.PositiveSmallIntegerField(verbose_name="month")),
                (
                    "product_code",
                    models.CharField(blank=True, max_length=40, verbose_name="product code"),
                ),
                ("product_name", models.CharField(max_length=80, verbose_name="product")),
                ("unit", models.CharField(blank=True, max_length=20, verbose_name="unit")),
                ("output_qty", models.FloatField(blank=True, null=True, verbose_name="output")),
                (
                    "gross_output_kcny",
                    models.FloatField(blank=True, null=True, verbose_name="gross output value"),
                ),
                (
                    "value_added_kcny",
                    models.FloatField(blank=True, null=True, verbose_name="value added"),
                ),
                ("remark", models.CharField(blank=True, max_length=200, verbose_name="remark")),
                (
                    "batch",
                    models.ForeignKey(
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
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="output_records",
                        to="archive.organisation",
                    ),
                ),
            ],
            options={
                "verbose_name": "output record",
                "verbose_name_plural": "output records",
                "ordering": ("organisation", "year", "month", "product_name"),
                "indexes": [
                    models.Index(
                        fields=["organisation", "year", "month"],
                        name="accounting__organis_837bd9_idx",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("known_to__isnull", True)),
                        fields=("organisation", "year", "month", "product_name"),
                        name="output_record_current_once",
                    )
                ],
            },
        ),
    ]
