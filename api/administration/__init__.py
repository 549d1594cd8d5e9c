"""Django admin: everything can be looked at, runs can be paused, resumed and cancelled, nothing can be edited."""
