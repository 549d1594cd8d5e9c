"""One search: what it is made of, its generations, and when it ends."""
