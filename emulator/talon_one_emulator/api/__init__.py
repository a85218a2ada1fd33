"""The HTTP side: routing, authentication, parameters, bodies, and responses."""
