from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('database', '0008_normalization'),
    ]

    operations = [
        migrations.AddField(
            model_name='instance',
            name='revived_generation',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
    ]
