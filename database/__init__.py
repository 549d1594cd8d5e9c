"""The archive: models, services (all writes), selectors (all reads), admin. It imports no other room but formatting's words."""
