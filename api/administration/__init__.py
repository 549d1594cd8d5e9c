"""Django admin.

Everything can be viewed; runs can be paused, resumed and cancelled; nothing can be edited.
"""
