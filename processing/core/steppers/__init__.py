"""Steppers: processes that step Gymnasium environments; their messages and the pool that gives them work."""
