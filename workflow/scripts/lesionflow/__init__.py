"""Plain functions behind the rules: arguments in, values out; nothing here knows of Snakemake."""
