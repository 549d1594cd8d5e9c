"""Whole episodes of many agents at once, in environments that are made of parts; and one, step by step."""
