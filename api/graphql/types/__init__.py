"""GraphQL types. A resolver makes one read and shapes its result."""
