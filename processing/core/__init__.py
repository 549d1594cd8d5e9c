"""The numerical core: arrays in, arrays out, without Django, Celery, clock or global random state."""
