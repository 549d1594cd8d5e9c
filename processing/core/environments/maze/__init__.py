"""Grid-world mazes of open cells, obstacles and goals."""
