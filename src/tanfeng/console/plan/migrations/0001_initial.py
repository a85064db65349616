from django.db import migrations, models

import tanfeng.console.plan.models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Unit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name_zh", models.CharField(max_length=60, unique=True)),
                ("name_en", models.CharField(blank=True, max_length=80)),
                ("short_zh", models.CharField(blank=True, max_length=12)),
                ("short_en", models.CharField(blank=True, max_length=12)),
                ("kind", models.CharField(blank=True, max_length=12)),
                ("order", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "verbose_name": "responsible unit",
                "verbose_name_plural": "responsible units",
                "ordering": ("order",),
            },
        ),
        migrations.CreateModel(
            name="Task",
            fields=[
                (
                    "clause",
                    models.CharField(
                        max_length=10, primary_key=True, serialize=False, verbose_name="clause"
                    ),
                ),
                ("title_zh", models.CharField(max_length=80)),
                ("title_en", models.CharField(max_length=120)),
                ("sectors", models.CharField(blank=True, max_length=300, verbose_name="sectors")),
                (
                    "capabilities",
                    models.CharField(blank=True, max_length=200, verbose_name="capabilities"),
                ),
                ("note_zh", models.CharField(blank=True, max_length=300)),
                ("note_en", models.CharField(blank=True, max_length=300)),
                ("order", models.PositiveSmallIntegerField(default=0)),
                (
                    "units",
                    models.ManyToManyField(
                        related_name="tasks", to="plan.unit", verbose_name="responsible units"
                    ),
                ),
            ],
            options={
                "verbose_name": "task",
                "verbose_name_plural": "tasks",
                "ordering": ("order",),
            },
            bases=(tanfeng.console.plan.models.Responsible, models.Model),
        ),
        migrations.CreateModel(
            name="Target",
            fields=[
                (
                    "key",
                    models.CharField(
                        max_length=4, primary_key=True, serialize=False, verbose_name="target no."
                    ),
                ),
                ("indicator_zh", models.CharField(max_length=120)),
                ("indicator_en", models.CharField(max_length=200)),
                ("comparator", models.CharField(max_length=20, verbose_name="comparator")),
                ("value", models.CharField(blank=True, max_length=40, verbose_name="value")),
                ("unit", models.CharField(blank=True, max_length=60, verbose_name="unit")),
                ("year", models.CharField(blank=True, max_length=30, verbose_name="due")),
                ("scope", models.CharField(blank=True, max_length=200, verbose_name="scope")),
                (
                    "base_year",
                    models.CharField(blank=True, max_length=10, verbose_name="base year"),
                ),
                ("clause", models.CharField(max_length=10, verbose_name="clause")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("quantified", "Quantified"),
                            ("qualitative", "Qualitative"),
                            ("standing_rule", "Standing rule"),
                            ("derived", "Derived"),
                            ("scope_threshold", "Scope threshold"),
                        ],
                        max_length=16,
                        verbose_name="kind",
                    ),
                ),
                ("measure_zh", models.CharField(blank=True, max_length=400)),
                ("measure_en", models.CharField(blank=True, max_length=400)),
                (
                    "units",
                    models.ManyToManyField(
                        related_name="targets", to="plan.unit", verbose_name="responsible units"
                    ),
                ),
            ],
            options={
                "verbose_name": "target",
                "verbose_name_plural": "targets",
                "ordering": ("key",),
            },
            bases=(tanfeng.console.plan.models.Responsible, models.Model),
        ),
    ]
