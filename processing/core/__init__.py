"""The laboratory: arrays in, arrays out. No Django, no Celery, no clock, no global random state."""
