"""The conversion of responses to rows."""
