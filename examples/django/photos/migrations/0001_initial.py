from django.db import migrations, models

STATES = ["pending", "ready", "failed", "removed"]


class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel(
            name="Photo",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=255, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[(state, state.capitalize()) for state in STATES],
                        default="pending",
                        max_length=7,
                    ),
                ),
                ("thumbhash", models.CharField(blank=True, max_length=64)),
                ("colour", models.CharField(blank=True, max_length=7)),
                ("variants", models.JSONField(default=list)),
                ("reason", models.TextField(blank=True)),
                ("created", models.DateTimeField(auto_now_add=True)),
            ],
        ),
    ]
