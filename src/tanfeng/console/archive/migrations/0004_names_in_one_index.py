from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("archive", "0003_files_of_enterprises"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="organisation",
            index=models.Index(
                fields=["name", "former_names", "credit_code"], name="organisation_names"
            ),
        ),
    ]
