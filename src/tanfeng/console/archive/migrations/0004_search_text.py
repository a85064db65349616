import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("archive", "0003_files_of_enterprises"),
    ]

    operations = [
        migrations.AddField(
            model_name="organisation",
            name="search_text",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.text.Lower(
                    django.db.models.functions.text.Concat(
                        "name",
                        models.Value(" "),
                        "former_names",
                        models.Value(" "),
                        "credit_code",
                    )
                ),
                output_field=models.CharField(max_length=450),
            ),
        ),
        migrations.AddIndex(
            model_name="organisation",
            index=models.Index(fields=["search_text"], name="organisation_search"),
        ),
    ]
