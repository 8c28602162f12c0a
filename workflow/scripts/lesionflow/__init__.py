"""The logic behind the rules, as plain functions."""

__version__ = "0.2.0"
