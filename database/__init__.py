"""The database: models, services (all writes) and selectors (all reads)."""
