"""JSON Schemas (draft 2020-12, no ``$ref``) of every Talon.One request body, record and notification."""

from talon_one_schemas.registry import Problem, names, notification, record, request, request_problems

__all__ = ["Problem", "names", "notification", "record", "request", "request_problems"]
