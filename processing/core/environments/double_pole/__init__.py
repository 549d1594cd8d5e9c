"""Two poles on a cart."""
