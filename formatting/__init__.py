"""Is it well formed? Documents become work items here, or a list of everything that is wrong with them."""
