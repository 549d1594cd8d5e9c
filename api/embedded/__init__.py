"""The embedded server: web, broker and workers under one parent, with nothing to install but Python."""
