"""JSON Schemas (draft 2020-12, no ``$ref``) of every Talon.One request body and record."""

from talon_one_schemas.registry import Problem, names, record, request, request_problems

__all__ = ["Problem", "names", "record", "request", "request_problems"]
