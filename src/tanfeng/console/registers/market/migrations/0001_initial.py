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
            name="Certificate",
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
                            ("green_certificate", "Green power certificate"),
                            ("ccer", "Certified reduction (CCER)"),
                            ("ffcer", "Fujian forestry reduction (FFCER)"),
                        ],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                ("number", models.CharField(max_length=60, verbose_name="number")),
                ("amount", models.FloatField(verbose_name="quantity")),
                (
                    "project",
                    models.CharField(blank=True, max_length=120, verbose_name="plant or project"),
                ),
                ("valid_from", models.DateField(blank=True, null=True, verbose_name="valid from")),
                ("valid_to", models.DateField(blank=True, null=True, verbose_name="valid until")),
                (
                    "source_row",
                    models.PositiveIntegerField(
                        blank=True, null=True, verbose_name="row in the file"
                    ),
                ),
                (
                    "entered_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="entered"),
                ),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                (
                    "reason",
                    models.CharField(
                        blank=True, max_length=300, verbose_name="why it was withdrawn"
                    ),
                ),
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
                        related_name="certificates",
                        to="archive.organisation",
                        verbose_name="holder",
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
                "verbose_name": "certificate",
                "verbose_name_plural": "certificates",
                "ordering": ("-pk",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at__isnull", True)),
                        fields=("kind", "number"),
                        name="certificate_registered_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="certificate_amount_positive"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Movement",
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
                            ("allocated", "Issue"),
                            ("bought", "Purchase"),
                            ("sold", "Sale"),
                            ("carried", "Carry-over"),
                            ("surrendered", "Surrender"),
                            ("cancelled", "Voluntary cancellation"),
                            ("offset", "Offset"),
                        ],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                ("document", models.CharField(max_length=60, verbose_name="transaction number")),
                ("date", models.DateField(verbose_name="day")),
                ("amount_t", models.FloatField(verbose_name="quantity")),
                (
                    "vintage",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="allowances of the year"
                    ),
                ),
                (
                    "to_vintage",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="carried into"
                    ),
                ),
                (
                    "compliance_year",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="for the compliance year"
                    ),
                ),
                (
                    "counterparty",
                    models.CharField(
                        choices=[
                            ("authority", "competent authority"),
                            ("listed", "trading venue, listed"),
                            ("block", "trading venue, block trade"),
                            ("group", "enterprise of the same group"),
                            ("none", "nobody"),
                        ],
                        default="none",
                        max_length=9,
                        verbose_name="counterparty",
                    ),
                ),
                (
                    "basis",
                    models.CharField(
                        blank=True, max_length=200, verbose_name="document and clause"
                    ),
                ),
                ("remark", models.CharField(blank=True, max_length=300, verbose_name="remark")),
                (
                    "state",
                    models.CharField(
                        db_index=True, default="entered", max_length=10, verbose_name="state"
                    ),
                ),
                (
                    "entered_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="entered"),
                ),
                ("decided_at", models.DateTimeField(null=True, verbose_name="decided")),
                (
                    "reason",
                    models.CharField(
                        blank=True, max_length=300, verbose_name="why it was withdrawn"
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
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
                        related_name="market_movements",
                        to="archive.organisation",
                    ),
                ),
            ],
            options={
                "verbose_name": "movement",
                "verbose_name_plural": "movements",
                "ordering": ("-date", "-pk"),
                "indexes": [models.Index(fields=["organisation", "date"], name="market_moved")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "withdrawn"), _negated=True),
                        fields=("organisation", "document"),
                        name="market_transaction_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount_t__gt", 0)), name="market_amount_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("compliance_year__isnull", False),
                            models.Q(("kind__in", ("surrendered", "offset")), _negated=True),
                            _connector="OR",
                        ),
                        name="market_surrender_names_year",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("vintage__isnull", False), ("kind", "offset"), _connector="OR"
                        ),
                        name="market_vintage_named",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "carried"), _negated=True),
                            ("to_vintage__gt", models.F("vintage")),
                            _connector="OR",
                        ),
                        name="market_carried_forward",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Claim",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=20)),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("ets_offset", "offset in the carbon market"),
                            ("energy_deduction", "green power left out of energy consumption"),
                            ("market_factor", "electricity accounted at zero"),
                            ("renewable_share", "renewable consumption duty"),
                            ("footprint", "product carbon footprint"),
                            ("voluntary", "voluntary neutrality or publicity"),
                        ],
                        max_length=20,
                        verbose_name="used for",
                    ),
                ),
                ("period", models.CharField(max_length=7, verbose_name="year or month")),
                ("date", models.DateField(verbose_name="used on")),
                ("remark", models.CharField(blank=True, max_length=300, verbose_name="remark")),
                (
                    "entered_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="entered"),
                ),
                (
                    "released_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="released"),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True, max_length=300, verbose_name="why it was released"
                    ),
                ),
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
                    "certificate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="claims",
                        to="market.certificate",
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
                        related_name="+",
                        to="archive.organisation",
                    ),
                ),
                (
                    "released_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "movement",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="claim",
                        to="market.movement",
                    ),
                ),
            ],
            options={
                "verbose_name": "claim",
                "verbose_name_plural": "claims",
                "ordering": ("-pk",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("released_at__isnull", True)),
                        fields=("certificate",),
                        name="certificate_claimed_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("kind", "green_certificate"),
                                models.Q(("purpose", "ets_offset"), _negated=True),
                            ),
                            models.Q(
                                ("kind__in", ("ccer", "ffcer")),
                                ("purpose__in", ("ets_offset", "voluntary")),
                            ),
                            _connector="OR",
                        ),
                        name="certificate_serves_purpose",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Position",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("year", models.PositiveSmallIntegerField(verbose_name="compliance year")),
                (
                    "sector",
                    models.CharField(
                        choices=[
                            ("power", "Power generation"),
                            ("steel", "Steel"),
                            ("cement", "Cement"),
                            ("aluminium", "Aluminium smelting"),
                        ],
                        max_length=10,
                        verbose_name="sector",
                    ),
                ),
                (
                    "verified_tco2",
                    models.FloatField(blank=True, null=True, verbose_name="verified emission"),
                ),
                (
                    "verified_document",
                    models.CharField(
                        blank=True, max_length=200, verbose_name="document of the verification"
                    ),
                ),
                ("verified_at", models.DateTimeField(null=True)),
                (
                    "stated_due_on",
                    models.DateField(blank=True, null=True, verbose_name="surrender by"),
                ),
                (
                    "stated_document",
                    models.CharField(
                        blank=True, max_length=200, verbose_name="document of the deadline"
                    ),
                ),
                (
                    "entered_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="entered"),
                ),
                (
                    "emission_source",
                    models.CharField(
                        choices=[
                            ("verified", "verified"),
                            ("method", "method account"),
                            ("city", "city account, fuel only"),
                            ("none", "no data"),
                        ],
                        default="none",
                        max_length=8,
                        verbose_name="emission from",
                    ),
                ),
                ("months", models.JSONField(default=list)),
                (
                    "known_months",
                    models.PositiveSmallIntegerField(default=0, verbose_name="months known"),
                ),
                (
                    "emission_tco2",
                    models.FloatField(blank=True, null=True, verbose_name="emission so far"),
                ),
                (
                    "forecast_tco2",
                    models.FloatField(blank=True, null=True, verbose_name="emission of the year"),
                ),
                (
                    "forecast_low_tco2",
                    models.FloatField(blank=True, null=True, verbose_name="lower end"),
                ),
                (
                    "forecast_high_tco2",
                    models.FloatField(blank=True, null=True, verbose_name="upper end"),
                ),
                ("forecast_method", models.CharField(blank=True, max_length=24)),
                ("emission_confidence", models.CharField(blank=True, max_length=10)),
                (
                    "allowance_tco2",
                    models.FloatField(blank=True, null=True, verbose_name="allowance"),
                ),
                ("allowance_basis", models.CharField(blank=True, max_length=10)),
                ("allowance_confidence", models.CharField(blank=True, max_length=10)),
                ("allowance_note", models.JSONField(default=list)),
                (
                    "gap_tco2",
                    models.FloatField(blank=True, null=True, verbose_name="gap at year end"),
                ),
                (
                    "gap_low_tco2",
                    models.FloatField(blank=True, null=True, verbose_name="lower end of the gap"),
                ),
                (
                    "gap_high_tco2",
                    models.FloatField(blank=True, null=True, verbose_name="upper end of the gap"),
                ),
                (
                    "missing_t",
                    models.FloatField(
                        blank=True, null=True, verbose_name="still missing at year end"
                    ),
                ),
                ("held_t", models.FloatField(default=0.0, verbose_name="held of the year")),
                ("allocated_t", models.FloatField(default=0.0, verbose_name="granted so far")),
                ("surrendered_t", models.FloatField(default=0.0, verbose_name="surrendered")),
                ("offset_t", models.FloatField(default=0.0, verbose_name="offset")),
                (
                    "open_t",
                    models.FloatField(blank=True, null=True, verbose_name="still to surrender"),
                ),
                ("is_settled", models.BooleanField(default=False, verbose_name="settled")),
                ("due_on", models.DateField(null=True, verbose_name="surrender by")),
                ("due_ref", models.CharField(blank=True, max_length=80)),
                ("due_confidence", models.CharField(blank=True, max_length=10)),
                ("figured_at", models.DateTimeField(null=True, verbose_name="computed")),
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
                    "method_run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounting.methodrun",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="market_positions",
                        to="archive.organisation",
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
                (
                    "verified_by",
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
                "verbose_name": "compliance account",
                "verbose_name_plural": "compliance accounts",
                "ordering": ("-year", "organisation"),
                "indexes": [
                    models.Index(
                        fields=["year", "missing_t", "is_settled", "due_on", "open_t"],
                        name="market_headline",
                    ),
                    models.Index(fields=["is_settled", "due_on"], name="market_due"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organisation", "year"), name="market_account_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MarketEvidence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("file_name", models.CharField(max_length=200, verbose_name="file")),
                ("sha256", models.CharField(db_index=True, max_length=64, verbose_name="digest")),
                ("size_bytes", models.PositiveIntegerField(verbose_name="bytes")),
                (
                    "entered_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="uploaded"
                    ),
                ),
                (
                    "certificate",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evidence",
                        to="market.certificate",
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
                        related_name="market_evidence",
                        to="archive.organisation",
                    ),
                ),
                (
                    "movement",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evidence",
                        to="market.movement",
                    ),
                ),
                (
                    "position",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evidence",
                        to="market.position",
                    ),
                ),
            ],
            options={
                "verbose_name": "evidence of the market",
                "verbose_name_plural": "evidence of the market",
                "ordering": ("-pk",),
            },
        ),
        migrations.CreateModel(
            name="Facility",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("unit", models.CharField(max_length=60, verbose_name="unit or line")),
                ("facility_class", models.CharField(max_length=20, verbose_name="class")),
                (
                    "generated_mwh",
                    models.FloatField(blank=True, null=True, verbose_name="electricity generated"),
                ),
                (
                    "supplied_mwh",
                    models.FloatField(blank=True, null=True, verbose_name="electricity supplied"),
                ),
                ("heat_gj", models.FloatField(blank=True, null=True, verbose_name="heat supplied")),
                (
                    "heat_ratio_pct",
                    models.FloatField(blank=True, null=True, verbose_name="heat ratio"),
                ),
                (
                    "load_factor_pct",
                    models.FloatField(blank=True, null=True, verbose_name="load factor"),
                ),
                (
                    "cooling",
                    models.CharField(
                        blank=True,
                        choices=[("water", "water-cooled"), ("air", "air-cooled")],
                        max_length=5,
                        verbose_name="cooling",
                    ),
                ),
                (
                    "verified_tco2",
                    models.FloatField(
                        blank=True, null=True, verbose_name="verified emission of the line"
                    ),
                ),
                (
                    "carbide_slag_pct",
                    models.FloatField(blank=True, null=True, verbose_name="share of carbide slag"),
                ),
                (
                    "tier",
                    models.CharField(
                        choices=[
                            ("measured", "measured"),
                            ("reported", "reported"),
                            ("estimated", "estimated"),
                        ],
                        default="reported",
                        max_length=10,
                        verbose_name="data quality",
                    ),
                ),
                (
                    "allowance_tco2",
                    models.FloatField(blank=True, null=True, verbose_name="allowance"),
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
                    "position",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="facilities",
                        to="market.position",
                    ),
                ),
            ],
            options={
                "verbose_name": "unit or line",
                "verbose_name_plural": "units and lines",
                "ordering": ("pk",),
                "constraints": [
                    models.UniqueConstraint(fields=("position", "unit"), name="market_unit_once")
                ],
            },
        ),
    ]
