from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('remote', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='machinetrust',
            name='at_launch',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='certificate',
            name='text',
            field=models.TextField(blank=True, default=''),
            preserve_default=False,
        ),
    ]
