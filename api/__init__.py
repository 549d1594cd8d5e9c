"""Interfaces of the server: GraphQL, pages, health checks and commands. They decide nothing themselves."""

VERSION = "0.1.0"
