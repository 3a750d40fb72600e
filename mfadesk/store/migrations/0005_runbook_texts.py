# Texts of runbooks by digest, and room for the ids of endings that stand in fragments.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0004_directory_seals'),
    ]

    operations = [
        migrations.CreateModel(
            name='RunbookText',
            fields=[
                ('digest', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('text', models.TextField()),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.AlterField(
            model_name='caserow',
            name='ending',
            field=models.CharField(blank=True, max_length=80),
        ),
    ]
