"""Can we run it, and as what exactly? Work items become staged items here, or a list of what stands against it."""
