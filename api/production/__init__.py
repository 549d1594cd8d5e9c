"""The production processes on one machine, each started with the command of its container."""
