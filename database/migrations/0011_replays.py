"""Replays of episodes; PostgreSQL keeps their frames, which are compressed already, as they are."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


def store_uncompressed(apps, editor):
    """Frames are kept beside their rows as they are."""
    if editor.connection.vendor == "postgresql":
        editor.execute('ALTER TABLE database_replay ALTER COLUMN "film" SET STORAGE EXTERNAL')


class Migration(migrations.Migration):

    dependencies = [
        ('database', '0010_champion_fitness'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Replay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.PositiveBigIntegerField(default=0)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('claimed_by', models.CharField(blank=True, max_length=200)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('crashes', models.PositiveIntegerField(default=0)),
                ('troubles', models.PositiveIntegerField(default=0)),
                ('generation', models.PositiveIntegerField()),
                ('index', models.PositiveIntegerField()),
                ('episode', models.PositiveIntegerField()),
                ('with_pictures', models.BooleanField(default=False)),
                ('state', models.CharField(choices=[('WAITING', 'Waiting'), ('DONE', 'Done'), ('FAILED', 'Failed')], default='WAITING', max_length=8)),
                ('requested_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('finished_at', models.DateTimeField(null=True)),
                ('failure', models.TextField(blank=True)),
                ('result', models.BinaryField(null=True)),
                ('film', models.BinaryField(null=True)),
                ('instance', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='replays', to='database.instance')),
                ('requested_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('instance', 'generation', 'index', 'episode'),
                'indexes': [models.Index(fields=['state', 'lease_until'], name='replay_ready')],
                'constraints': [models.UniqueConstraint(fields=('instance', 'generation', 'index', 'episode'), name='replay_once')],
            },
        ),
        migrations.RunPython(store_uncompressed, migrations.RunPython.noop),
    ]
