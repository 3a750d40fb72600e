# Texts that authors are writing.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0006_indexes'),
    ]

    operations = [
        migrations.CreateModel(
            name='RunbookDraft',
            fields=[
                ('id', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('title', models.CharField(max_length=200)),
                ('text', models.TextField()),
                ('revision', models.IntegerField(default=1)),
                ('by', models.CharField(max_length=80)),
                ('at', models.DateTimeField()),
            ],
        ),
    ]
