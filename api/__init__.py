"""Every door: GraphQL, pages, health, commands. Doors decide nothing."""

VERSION = "0.1.0"
