"""Plain functions behind the rules: arguments in, values out; nothing here knows of Snakemake."""

__version__ = "0.1.0"
