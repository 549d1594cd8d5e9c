"""Environments registered with Gymnasium, which are stepped in separate processes."""
