"""Audience operations of both APIs."""
