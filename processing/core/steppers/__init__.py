"""Processes in which environments of Gymnasium are stepped, and what passes between them and whoever waits."""
