import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("core", "0001_initial"),
        ("core", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="OfficialList",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.SlugField(max_length=40, unique=True, verbose_name="key")),
                ("name_zh", models.CharField(max_length=80)),
                ("name_en", models.CharField(max_length=120)),
                ("level", models.CharField(blank=True, max_length=20, verbose_name="level")),
                (
                    "notice",
                    models.CharField(blank=True, max_length=200, verbose_name="issuing notice"),
                ),
                ("source", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "verbose_name": "official list",
                "verbose_name_plural": "official lists",
                "ordering": ("key",),
            },
        ),
        migrations.CreateModel(
            name="Park",
            fields=[
                (
                    "code",
                    models.CharField(
                        max_length=20, primary_key=True, serialize=False, verbose_name="code"
                    ),
                ),
                ("name_zh", models.CharField(max_length=80)),
                ("name_en", models.CharField(blank=True, max_length=120)),
                ("source", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "verbose_name": "park",
                "verbose_name_plural": "parks",
                "ordering": ("code",),
            },
        ),
        migrations.CreateModel(
            name="Place",
            fields=[
                (
                    "code",
                    models.CharField(
                        max_length=6, primary_key=True, serialize=False, verbose_name="code"
                    ),
                ),
                ("name_zh", models.CharField(max_length=40)),
                ("name_en", models.CharField(max_length=60)),
                ("official_code", models.BooleanField(default=True)),
                ("order", models.PositiveSmallIntegerField(default=0)),
                ("tile_x", models.FloatField(default=0)),
                ("tile_y", models.FloatField(default=0)),
                ("tile_width", models.FloatField(default=1)),
                ("geometry", models.JSONField(blank=True, null=True)),
                ("geometry_source", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "verbose_name": "county",
                "verbose_name_plural": "counties",
                "ordering": ("order",),
            },
        ),
        migrations.CreateModel(
            name="Organisation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "credit_code",
                    models.CharField(
                        max_length=18, unique=True, verbose_name="unified social credit code"
                    ),
                ),
                ("name", models.CharField(db_index=True, max_length=120, verbose_name="name")),
                (
                    "former_names",
                    models.CharField(blank=True, max_length=300, verbose_name="former names"),
                ),
                (
                    "legal_person",
                    models.CharField(blank=True, max_length=60, verbose_name="legal person"),
                ),
                (
                    "industry_code",
                    models.CharField(db_index=True, max_length=4, verbose_name="industry code"),
                ),
                (
                    "sector",
                    models.CharField(
                        choices=[
                            ("steel", "Steel"),
                            ("petrochemical", "Petrochemicals and chemicals"),
                            ("building", "Building materials"),
                            ("textile", "Textiles and chemical fibre"),
                            ("equipment", "Equipment"),
                            ("electronics", "Electronics and IT"),
                            ("power", "Power and heat"),
                            ("other", "Other industry"),
                        ],
                        db_index=True,
                        max_length=14,
                        verbose_name="sector",
                    ),
                ),
                ("address", models.CharField(blank=True, max_length=200, verbose_name="address")),
                (
                    "longitude_deg",
                    models.FloatField(blank=True, null=True, verbose_name="longitude"),
                ),
                ("latitude_deg", models.FloatField(blank=True, null=True, verbose_name="latitude")),
                (
                    "size_class",
                    models.CharField(blank=True, max_length=10, verbose_name="size class"),
                ),
                (
                    "above_scale",
                    models.BooleanField(null=True, verbose_name="above designated size"),
                ),
                ("state_owned", models.BooleanField(null=True, verbose_name="state-owned")),
                (
                    "key_user_level",
                    models.CharField(
                        blank=True, max_length=40, verbose_name="key energy user level"
                    ),
                ),
                (
                    "ets_status",
                    models.CharField(
                        blank=True, max_length=40, verbose_name="carbon market status"
                    ),
                ),
                (
                    "permit_no",
                    models.CharField(
                        blank=True, max_length=40, verbose_name="pollution permit no."
                    ),
                ),
                (
                    "energy_body",
                    models.CharField(
                        blank=True, max_length=80, verbose_name="energy-management body"
                    ),
                ),
                (
                    "energy_leader",
                    models.CharField(blank=True, max_length=60, verbose_name="energy leader"),
                ),
                (
                    "energy_manager",
                    models.CharField(blank=True, max_length=60, verbose_name="energy manager"),
                ),
                (
                    "energy_manager_certificate",
                    models.CharField(
                        blank=True, max_length=60, verbose_name="certificate of the energy manager"
                    ),
                ),
                (
                    "energy_system_certificate",
                    models.CharField(
                        blank=True,
                        max_length=80,
                        verbose_name="certificate of the energy-management system",
                    ),
                ),
                (
                    "energy_system_body",
                    models.CharField(blank=True, max_length=80, verbose_name="certifying body"),
                ),
                (
                    "energy_system_date",
                    models.CharField(
                        blank=True, max_length=10, verbose_name="day of certification"
                    ),
                ),
                (
                    "energy_centre",
                    models.BooleanField(null=True, verbose_name="has an energy centre"),
                ),
                (
                    "central_enterprise",
                    models.BooleanField(null=True, verbose_name="central enterprise"),
                ),
                (
                    "contact_name",
                    models.CharField(blank=True, max_length=60, verbose_name="contact person"),
                ),
                (
                    "contact_phone",
                    models.CharField(
                        blank=True, max_length=40, verbose_name="telephone of the contact"
                    ),
                ),
                ("group_name", models.CharField(blank=True, max_length=120, verbose_name="group")),
                ("active", models.BooleanField(default=True, verbose_name="in operation")),
                ("is_demo", models.BooleanField(default=False, verbose_name="demonstration data")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
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
                    "park",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="organisations",
                        to="archive.park",
                    ),
                ),
                (
                    "place",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="organisations",
                        to="archive.place",
                    ),
                ),
            ],
            options={
                "verbose_name": "enterprise",
                "verbose_name_plural": "enterprises",
                "ordering": ("credit_code",),
                "indexes": [
                    models.Index(
                        fields=["name", "former_names", "credit_code"], name="organisation_names"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Assignment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("valid_from", models.DateField(verbose_name="from")),
                ("valid_to", models.DateField(blank=True, null=True, verbose_name="to")),
                (
                    "verifier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assignments",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assignments",
                        to="archive.organisation",
                    ),
                ),
            ],
            options={
                "verbose_name": "assignment",
                "verbose_name_plural": "assignments",
                "ordering": ("verifier", "organisation"),
            },
        ),
        migrations.CreateModel(
            name="OrganisationVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("changes", models.JSONField()),
                ("changed_at", models.DateTimeField(auto_now_add=True)),
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
                    "changed_by",
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
                        related_name="versions",
                        to="archive.organisation",
                    ),
                ),
            ],
            options={
                "verbose_name": "version",
                "verbose_name_plural": "versions",
                "ordering": ("-id",),
            },
        ),
        migrations.AddField(
            model_name="park",
            name="place",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="parks",
                to="archive.place",
            ),
        ),
        migrations.CreateModel(
            name="Plant",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=160, verbose_name="name")),
                (
                    "name_zh",
                    models.CharField(blank=True, max_length=160, verbose_name="Chinese name"),
                ),
                ("kind", models.CharField(max_length=40, verbose_name="kind")),
                ("capacity", models.FloatField(null=True, verbose_name="capacity")),
                ("capacity_unit", models.CharField(max_length=20, verbose_name="unit")),
                ("status", models.CharField(max_length=40, verbose_name="status")),
                ("start_year", models.CharField(blank=True, max_length=20, verbose_name="start")),
                ("longitude_deg", models.FloatField(null=True)),
                ("latitude_deg", models.FloatField(null=True)),
                ("source", models.CharField(max_length=200, verbose_name="source")),
                (
                    "place",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="plants",
                        to="archive.place",
                    ),
                ),
            ],
            options={
                "verbose_name": "known plant",
                "verbose_name_plural": "known plants",
                "ordering": ("kind", "name"),
            },
        ),
        migrations.CreateModel(
            name="Site",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="site")),
                ("address", models.CharField(blank=True, max_length=200, verbose_name="address")),
                (
                    "longitude_deg",
                    models.FloatField(blank=True, null=True, verbose_name="longitude"),
                ),
                ("latitude_deg", models.FloatField(blank=True, null=True, verbose_name="latitude")),
                ("valid_from", models.DateField(blank=True, null=True, verbose_name="from")),
                ("valid_to", models.DateField(blank=True, null=True, verbose_name="to")),
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
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sites",
                        to="archive.organisation",
                    ),
                ),
                (
                    "park",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sites",
                        to="archive.park",
                    ),
                ),
                (
                    "place",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sites",
                        to="archive.place",
                    ),
                ),
            ],
            options={
                "verbose_name": "site",
                "verbose_name_plural": "sites",
                "ordering": ("organisation", "name"),
                "constraints": [
                    models.UniqueConstraint(fields=("organisation", "name"), name="site_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("valid_from", models.DateField(verbose_name="from")),
                ("valid_to", models.DateField(blank=True, null=True, verbose_name="to")),
                ("issue", models.CharField(blank=True, max_length=40, verbose_name="lot")),
                (
                    "notice",
                    models.CharField(blank=True, max_length=200, verbose_name="issuing notice"),
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
                    "official_list",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memberships",
                        to="archive.officiallist",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memberships",
                        to="archive.organisation",
                    ),
                ),
            ],
            options={
                "verbose_name": "list entry",
                "verbose_name_plural": "list entries",
                "ordering": ("official_list", "organisation"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("official_list", "organisation", "valid_from"),
                        name="membership_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Contact",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("role", models.CharField(max_length=40, verbose_name="asked about")),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                ("phone", models.CharField(blank=True, max_length=40, verbose_name="telephone")),
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
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="contacts",
                        to="archive.organisation",
                    ),
                ),
            ],
            options={
                "verbose_name": "contact",
                "verbose_name_plural": "contacts",
                "ordering": ("organisation", "id"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organisation", "role", "name"), name="contact_once"
                    )
                ],
            },
        ),
    ]
