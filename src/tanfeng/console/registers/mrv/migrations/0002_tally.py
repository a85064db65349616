"""The kept tallies of carbon years, one for every year there is; the first reader counts them."""

import django.db.models.deletion
from django.db import migrations, models


def fill(apps, _schema_editor):
    """Give every carbon year a tally that is still to be counted."""
    reports = apps.get_model("mrv", "EmissionReport").objects.values_list("pk", "organisation_id")
    tally = apps.get_model("mrv", "Tally")
    tally.objects.bulk_create(
        [tally(report_id=key, organisation_id=organisation) for key, organisation in reports],
        batch_size=5000,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("archive", "0001_initial"),
        ("mrv", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Tally",
            fields=[
                (
                    "report",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="tally",
                        serialize=False,
                        to="mrv.emissionreport",
                    ),
                ),
                ("basis", models.CharField(blank=True, db_index=True, max_length=16)),
                ("names", models.TextField(blank=True)),
                ("has_plan", models.BooleanField(default=False)),
                ("visited", models.BooleanField(default=False)),
                ("filed", models.PositiveSmallIntegerField(default=0, verbose_name="months filed")),
                ("to_review", models.PositiveIntegerField(default=0)),
                (
                    "unreviewed",
                    models.PositiveIntegerField(default=0, verbose_name="values to review"),
                ),
                (
                    "open_findings",
                    models.PositiveIntegerField(default=0, verbose_name="open findings"),
                ),
                ("counts", models.JSONField(default=dict)),
                ("awaited", models.JSONField(default=dict)),
                ("shared", models.PositiveIntegerField(default=0)),
                ("found", models.PositiveIntegerField(default=0, verbose_name="automatic checks")),
                ("score", models.FloatField(default=0.0, verbose_name="risk score")),
                ("good_until", models.DateField(db_index=True, null=True)),
            ],
            options={
                "verbose_name": "tally",
                "verbose_name_plural": "tallies",
            },
        ),
        migrations.AddIndex(
            model_name="emissionreport",
            index=models.Index(fields=["-year", "id"], name="emission_report_newest"),
        ),
        migrations.AddField(
            model_name="tally",
            name="organisation",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="archive.organisation",
            ),
        ),
        migrations.AddIndex(
            model_name="tally",
            index=models.Index(fields=["organisation", "to_review"], name="tally_to_review_of"),
        ),
        migrations.AddIndex(
            model_name="tally",
            index=models.Index(fields=["to_review"], name="tally_to_review"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
