import django.db.models.deletion
import django.utils.timezone
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
            name="EmissionReport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("year", models.PositiveSmallIntegerField(verbose_name="year")),
                (
                    "method_key",
                    models.CharField(blank=True, max_length=60, verbose_name="accounting method"),
                ),
                ("boundary", models.CharField(blank=True, max_length=300, verbose_name="boundary")),
                (
                    "state",
                    models.CharField(
                        db_index=True, default="open", max_length=12, verbose_name="state"
                    ),
                ),
                (
                    "total_tco2e",
                    models.FloatField(blank=True, null=True, verbose_name="emission as filed"),
                ),
                (
                    "entered_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="entered"),
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="emission_reports",
                        to="archive.organisation",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounting.run",
                    ),
                ),
            ],
            options={
                "verbose_name": "carbon year",
                "verbose_name_plural": "carbon years",
                "ordering": ("-year", "organisation"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organisation", "year"), name="emission_report_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Finding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        db_index=True, default="open", max_length=12, verbose_name="state"
                    ),
                ),
                (
                    "severity",
                    models.CharField(
                        choices=[("minor", "minor"), ("major", "major"), ("grave", "grave")],
                        default="major",
                        max_length=6,
                        verbose_name="severity",
                    ),
                ),
                ("place", models.CharField(max_length=160, verbose_name="where it was found")),
                ("text", models.TextField(max_length=1000, verbose_name="what was found")),
                (
                    "clause",
                    models.CharField(
                        blank=True, max_length=200, verbose_name="document and clause"
                    ),
                ),
                ("rule", models.CharField(blank=True, max_length=4)),
                ("due_on", models.DateField(verbose_name="to be corrected by")),
                (
                    "entered_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="raised"),
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mrv_findings",
                        to="archive.organisation",
                    ),
                ),
                (
                    "report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="findings",
                        to="mrv.emissionreport",
                    ),
                ),
            ],
            options={
                "verbose_name": "finding",
                "verbose_name_plural": "findings",
                "ordering": ("due_on", "pk"),
            },
        ),
        migrations.CreateModel(
            name="Correction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "answer",
                    models.TextField(max_length=2000, verbose_name="what was done about it"),
                ),
                (
                    "entered_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="answered"
                    ),
                ),
                ("accepted", models.BooleanField(null=True, verbose_name="accepted")),
                ("decided_at", models.DateTimeField(null=True, verbose_name="decided")),
                ("remark", models.CharField(blank=True, max_length=300, verbose_name="remark")),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mrv_corrections",
                        to="archive.organisation",
                    ),
                ),
                (
                    "finding",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="corrections",
                        to="mrv.finding",
                    ),
                ),
            ],
            options={
                "verbose_name": "correction",
                "verbose_name_plural": "corrections",
                "ordering": ("pk",),
            },
        ),
        migrations.CreateModel(
            name="MonthlyFiling",
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
                ("month", models.PositiveSmallIntegerField(verbose_name="month")),
                ("parameter", models.CharField(max_length=40, verbose_name="parameter")),
                ("value", models.FloatField(verbose_name="value")),
                ("unit", models.CharField(max_length=20, verbose_name="unit")),
                ("sampled_on", models.DateField(blank=True, null=True, verbose_name="sampled on")),
                ("tested_on", models.DateField(blank=True, null=True, verbose_name="tested on")),
                (
                    "laboratory",
                    models.CharField(blank=True, max_length=120, verbose_name="laboratory"),
                ),
                (
                    "accredited",
                    models.BooleanField(
                        blank=True, null=True, verbose_name="laboratory accredited"
                    ),
                ),
                (
                    "invoice_value",
                    models.FloatField(blank=True, null=True, verbose_name="value by invoice"),
                ),
                ("remark", models.CharField(blank=True, max_length=300, verbose_name="remark")),
                ("state", models.CharField(default="entered", max_length=12, verbose_name="state")),
                ("first_filed_at", models.DateTimeField(verbose_name="filed")),
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="monthly_filings",
                        to="archive.organisation",
                    ),
                ),
                (
                    "report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="filings",
                        to="mrv.emissionreport",
                    ),
                ),
            ],
            options={
                "verbose_name": "monthly filing",
                "verbose_name_plural": "monthly filings",
                "ordering": ("report", "month", "parameter", "known_from"),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("known_to__isnull", True)),
                        fields=("report", "month", "parameter"),
                        name="monthly_filing_current_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="QualityPlan",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveSmallIntegerField(verbose_name="version")),
                (
                    "state",
                    models.CharField(
                        db_index=True, default="draft", max_length=12, verbose_name="state"
                    ),
                ),
                ("valid_from", models.DateField(verbose_name="in effect from")),
                (
                    "valid_to",
                    models.DateField(blank=True, null=True, verbose_name="in effect until"),
                ),
                (
                    "reason",
                    models.CharField(blank=True, max_length=300, verbose_name="why it was changed"),
                ),
                (
                    "entered_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="entered"),
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="quality_plans",
                        to="archive.organisation",
                    ),
                ),
            ],
            options={
                "verbose_name": "data-quality plan",
                "verbose_name_plural": "data-quality plans",
                "ordering": ("organisation", "-version"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organisation", "version"), name="plan_version_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PlanItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("parameter", models.CharField(max_length=40, verbose_name="parameter")),
                (
                    "own_name",
                    models.CharField(
                        blank=True, max_length=60, verbose_name="name of another parameter"
                    ),
                ),
                ("unit", models.CharField(max_length=20, verbose_name="unit")),
                ("source", models.CharField(max_length=120, verbose_name="source of the data")),
                (
                    "meter",
                    models.CharField(
                        blank=True, max_length=120, verbose_name="meter or instrument"
                    ),
                ),
                (
                    "frequency",
                    models.CharField(
                        choices=[
                            ("continuous", "continuously"),
                            ("daily", "daily"),
                            ("batch", "each batch"),
                            ("monthly", "monthly"),
                        ],
                        default="monthly",
                        max_length=12,
                        verbose_name="frequency",
                    ),
                ),
                ("post", models.CharField(max_length=80, verbose_name="responsible post")),
                (
                    "lab_wanted",
                    models.BooleanField(default=False, verbose_name="accredited laboratory wanted"),
                ),
                (
                    "substitute",
                    models.CharField(max_length=200, verbose_name="what replaces missing data"),
                ),
                (
                    "low",
                    models.FloatField(blank=True, null=True, verbose_name="lowest plausible value"),
                ),
                (
                    "high",
                    models.FloatField(
                        blank=True, null=True, verbose_name="highest plausible value"
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="mrv.qualityplan",
                    ),
                ),
            ],
            options={
                "verbose_name": "parameter of a plan",
                "verbose_name_plural": "parameters of a plan",
                "ordering": ("pk",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("plan", "parameter"), name="plan_parameter_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SpotCheck",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        db_index=True, default="planned", max_length=12, verbose_name="state"
                    ),
                ),
                ("reasons", models.JSONField(default=dict)),
                ("score", models.FloatField(verbose_name="risk score")),
                ("team", models.CharField(blank=True, max_length=120, verbose_name="team")),
                ("planned_on", models.DateField(verbose_name="planned for")),
                ("visited_on", models.DateField(blank=True, null=True, verbose_name="visited on")),
                (
                    "present",
                    models.CharField(
                        blank=True, max_length=120, verbose_name="present for the enterprise"
                    ),
                ),
                ("summary", models.TextField(blank=True, max_length=2000, verbose_name="result")),
                (
                    "entered_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="entered"),
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="spot_checks",
                        to="archive.organisation",
                    ),
                ),
                (
                    "report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="checks",
                        to="mrv.emissionreport",
                    ),
                ),
            ],
            options={
                "verbose_name": "spot check",
                "verbose_name_plural": "spot checks",
                "ordering": ("-planned_on", "pk"),
            },
        ),
        migrations.AddField(
            model_name="finding",
            name="check_of",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="findings",
                to="mrv.spotcheck",
            ),
        ),
        migrations.CreateModel(
            name="Evidence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("lab", "laboratory sheet"),
                            ("invoice", "invoice or settlement"),
                            ("ledger", "meter ledger"),
                            ("photo", "photograph"),
                            ("report", "report"),
                            ("other", "other document"),
                        ],
                        max_length=8,
                        verbose_name="kind of document",
                    ),
                ),
                ("file_name", models.CharField(max_length=200, verbose_name="file")),
                ("sha256", models.CharField(db_index=True, max_length=64, verbose_name="digest")),
                ("size_bytes", models.PositiveIntegerField(verbose_name="bytes")),
                (
                    "period_from",
                    models.DateField(blank=True, null=True, verbose_name="covers from"),
                ),
                ("period_to", models.DateField(blank=True, null=True, verbose_name="covers until")),
                (
                    "stated_name",
                    models.CharField(
                        blank=True, max_length=120, verbose_name="enterprise named on it"
                    ),
                ),
                (
                    "stated_code",
                    models.CharField(blank=True, max_length=18, verbose_name="credit code on it"),
                ),
                (
                    "entered_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="uploaded"
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mrv_evidence",
                        to="archive.organisation",
                    ),
                ),
                (
                    "report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evidence",
                        to="mrv.emissionreport",
                    ),
                ),
                (
                    "finding",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evidence",
                        to="mrv.finding",
                    ),
                ),
                (
                    "filing",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evidence",
                        to="mrv.monthlyfiling",
                    ),
                ),
                (
                    "check_of",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evidence",
                        to="mrv.spotcheck",
                    ),
                ),
            ],
            options={
                "verbose_name": "evidence",
                "verbose_name_plural": "evidence",
                "ordering": ("-pk",),
            },
        ),
        migrations.CreateModel(
            name="CheckAnswer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("item", models.CharField(max_length=20, verbose_name="point")),
                (
                    "result",
                    models.CharField(
                        choices=[
                            ("fine", "in order"),
                            ("wrong", "not in order"),
                            ("none", "does not apply"),
                        ],
                        max_length=6,
                        verbose_name="found",
                    ),
                ),
                ("remark", models.CharField(blank=True, max_length=300, verbose_name="remark")),
                ("entered_at", models.DateTimeField(default=django.utils.timezone.now)),
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
                    "check_of",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="answers",
                        to="mrv.spotcheck",
                    ),
                ),
            ],
            options={
                "verbose_name": "answer of the checklist",
                "verbose_name_plural": "answers of the checklist",
                "ordering": ("pk",),
                "constraints": [
                    models.UniqueConstraint(fields=("check_of", "item"), name="check_answer_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Step",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("machine", models.CharField(max_length=10)),
                ("thing", models.PositiveBigIntegerField()),
                ("action", models.CharField(max_length=20)),
                ("before", models.CharField(blank=True, max_length=12)),
                ("after", models.CharField(max_length=12)),
                ("remark", models.CharField(blank=True, max_length=300, verbose_name="remark")),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "by",
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
                        related_name="mrv_steps",
                        to="archive.organisation",
                    ),
                ),
                (
                    "report",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="steps",
                        to="mrv.emissionreport",
                    ),
                ),
            ],
            options={
                "verbose_name": "step",
                "verbose_name_plural": "steps",
                "ordering": ("-at", "-pk"),
                "indexes": [models.Index(fields=["machine", "thing"], name="mrv_step_of")],
            },
        ),
    ]
