import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("core", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="Document",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=200, unique=True)),
                (
                    "number",
                    models.CharField(blank=True, max_length=80, verbose_name="document number"),
                ),
                ("title_zh", models.CharField(max_length=200)),
                ("title_en", models.CharField(blank=True, max_length=200)),
                ("issuer_zh", models.CharField(blank=True, max_length=80)),
                ("issuer_en", models.CharField(blank=True, max_length=160)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("standard", "Standard"),
                            ("policy", "Law or policy"),
                            ("guideline", "Accounting guideline"),
                            ("data", "Published data"),
                            ("study", "Study or trade source"),
                        ],
                        default="study",
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "valid_from",
                    models.CharField(blank=True, max_length=10, verbose_name="in force from"),
                ),
                (
                    "valid_to",
                    models.CharField(blank=True, max_length=10, verbose_name="in force until"),
                ),
                (
                    "ending",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Not ended"),
                            ("replaced", "Replaced"),
                            ("repealed", "Ended"),
                            ("suspended", "Suspended"),
                        ],
                        default="",
                        max_length=10,
                        verbose_name="ending",
                    ),
                ),
                (
                    "basis",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("V", "Seen in public material"),
                            ("C", "Seen in public code only"),
                            ("T", "Read from the rows of the standards tables"),
                            ("E", "Concluded from a newer edition in the tables"),
                            ("", "No dates known"),
                        ],
                        default="",
                        max_length=1,
                        verbose_name="basis of the dates",
                    ),
                ),
                ("note_zh", models.CharField(blank=True, max_length=300)),
                ("note_en", models.CharField(blank=True, max_length=300)),
                ("names", models.JSONField(blank=True, default=list)),
                (
                    "replaced_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replaces",
                        to="library.document",
                    ),
                ),
            ],
            options={
                "verbose_name": "document",
                "verbose_name_plural": "documents",
                "ordering": ("key",),
            },
        ),
        migrations.CreateModel(
            name="FactorOverride",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("table", models.CharField(max_length=40, verbose_name="table")),
                ("row_id", models.CharField(max_length=120, verbose_name="row")),
                ("value", models.FloatField(verbose_name="value")),
                ("unit", models.CharField(max_length=40, verbose_name="unit")),
                ("shipped", models.CharField(max_length=40, verbose_name="shipped value")),
                ("document", models.CharField(max_length=200, verbose_name="document")),
                ("clause", models.CharField(max_length=80, verbose_name="clause")),
                ("verified_on", models.DateField(verbose_name="verified on")),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="note")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="entered"),
                ),
                (
                    "withdrawn_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="withdrawn"),
                ),
                (
                    "withdrawn_reason",
                    models.CharField(blank=True, max_length=200, verbose_name="reason"),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="verified by",
                    ),
                ),
                (
                    "withdrawn_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "verified value",
                "verbose_name_plural": "verified values",
                "ordering": ("-created_at",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at__isnull", True)),
                        fields=("table", "row_id"),
                        name="one_active_override",
                    )
                ],
            },
        ),
    ]
