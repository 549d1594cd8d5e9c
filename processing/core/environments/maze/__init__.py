"""Walks over maps of open ground, obstacles and goals."""
