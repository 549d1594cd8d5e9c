"""The types that answers are made of. Resolvers are doors: one read, and its shape."""
