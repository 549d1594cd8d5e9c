"""The production processes on one machine, each as it would run in a container of its own."""
