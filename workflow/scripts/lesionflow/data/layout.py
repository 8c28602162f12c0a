"""Names of columns in the user's tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field

# What a column is called, by its name here; the others are those of ISIC and other collections.
NAMES: dict[str, tuple[str, ...]] = {
    "image": ("image", "image_id", "image_name", "isic_id", "file_name"),
    "lesion": ("lesion", "lesion_id"),
    "patient": ("patient", "patient_id"),
    "age": ("age", "age_approx"),
    "sex": ("sex",),
    "site": ("site", "anatom_site_general"),
    "archive": ("archive",),
    "skin_tone": ("skin_tone", "skin_tone_class", "fitzpatrick_skin_type"),
}
METADATA = [name for name in NAMES if name != "image"]


@dataclass(frozen=True)
class Layout:
    """How the tables of a collection are written. Each field is a key of `collections: NAME:` in the config.

    label_key: what a row of the labels stands for, an image or a lesion of the metadata.
    columns: names of columns by those of NAMES; None for one that is not read.
    """

    image_column: str | None = None
    label_column: str | None = None
    label_key: str = "image"
    label_map: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str | None] = field(default_factory=dict)

    def names(self) -> dict[str, tuple[str, ...]]:
        """Return what each column of NAMES may be called: only as the user says, if they say it."""
        own = {**self.columns, **({"image": self.image_column} if self.image_column else {})}
        said = {ours: (name,) if name else () for ours, name in own.items()}
        return {ours: said.get(ours, names) for ours, names in NAMES.items()}
