"""Image data sets: prepared once on each machine, and mapped into memory by every process that reads them."""
