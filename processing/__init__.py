"""The workshop: tasks, dispatch, lifecycle and runner around the laboratory in `core`."""
