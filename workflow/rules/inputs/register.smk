# The register of public splits, and where their lists are.
from lesionflow.splits.register_table import read_register


@functools.cache
def register():
    return read_register(WORKFLOW / "resources/public_splits.csv").set_index("name", drop=False)


def register_entry(wildcards):
    """What the register says of the files of a split."""
    keys = ["name", "repository", "commit", "reader", "path", "parts"]
    return register().loc[wildcards.name, keys].fillna("").to_dict()


def register_lists(wildcards):
    """The lists to audit: those in the folder that the config names or, without one, all that can be fetched."""
    folder, entries = config["register"].get("lists"), register()
    if folder is None:
        return expand("resources/register/{name}.csv", name=entries["name"][entries["reader"].notna()])
    return [path for name in entries["name"] if Path(path := f"{folder}/{name}.csv").exists()]


def register_files(wildcards):
    """What changes when the register, or a list of the user's, does."""
    given = register_lists(wildcards) if "lists" in config["register"] else []
    tables = [config["register"][key] for key in ("isic2020",) if key in config["register"]]
    return [file_digest(path) for path in (WORKFLOW / "resources/public_splits.csv", *given, *tables)]
