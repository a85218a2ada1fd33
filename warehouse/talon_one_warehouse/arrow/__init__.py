"""The conversion of JSON rows to Arrow and back."""
