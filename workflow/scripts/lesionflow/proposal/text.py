"""A proposed config as text: every choice with its reason in a comment."""

import textwrap
from typing import Any

import jinja2
import yaml

from lesionflow.data.layout import METADATA
from lesionflow.proposal.collection import Found
from lesionflow.proposal.plan import Plan, Sizes
from lesionflow.source import REPORT

TEMPLATE = REPORT / "proposed.yaml.j2"
WIDTH = 118


def config_text(name: str, found: Found, plan: Plan, sizes: Sizes, files: int, **shown: Any) -> str:
    """Return the proposed config of a collection of `files` images; `shown` is for the template."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters |= {"flow": flow, "comment": comment}
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        name=name,
        given=found.collection,
        why=found.why,
        doubts=dict.fromkeys([*doubts_about_images(found), *found.doubts]),
        detectable=plan.size.set_index("class").loc["all"],
        images_why=describe_sizes(sizes, files),
        ignored=plan.left_out | {value: "no image" if value else "no label" for value in found.ignored},
        table=class_table(plan).splitlines(),
        classes=list(plan.parts.index),
        image_size=sizes.proposed(),
        missing=found.missing,
        conflicting=plan.conflicting,
        limit=plan.limit,
        datasets=plan.datasets(),
        test=plan.test,
        valid=plan.valid,
        **shown,
    )


def flow(value: Any) -> str:
    """Return `value` as YAML on one line."""
    return yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10**9).removesuffix("...\n").strip()


def comment(words: str | None, indent: int = 0) -> str:
    """Return a sentence as lines of comment with their ends; nothing for no words."""
    text = "".join(mark if mark.isprintable() else " " for mark in words or "").strip()
    start, further = " " * indent + "# ", "  " * text.startswith("- ")
    lines = textwrap.wrap(text, WIDTH - indent, subsequent_indent=further, break_on_hyphens=False)
    return "".join(f"{start}{line}\n" for line in lines)


def describe_sizes(sizes: Sizes, files: int) -> str:
    """Return what was seen of the `files` images."""
    good, bad = len(sizes.widths), len(sizes.unread)
    read = (
        f"; {bad} of them cannot be read, the first is {sizes.unread.index[0]}: {sizes.unread.iloc[0]}" if bad else ""
    )
    return (
        f"{files} image files. In a sample of {good + bad}, widths are {sizes.widths.min()} to {sizes.widths.max()} "
        f"and heights {sizes.heights.min()} to {sizes.heights.max()} pixels{read}."
    )


def class_table(plan: Plan) -> str:
    """Return numbers of images and groups by class and part."""
    size = plan.size.set_index("class")[["images", "lesions"]].rename(columns={"lesions": "groups"})
    return plan.parts.join(size).rename_axis(index=None, columns=None)[["images", "groups", *plan.parts]].to_string()


def doubts_about_images(found: Found) -> list[str]:
    """Return what is not known of the images."""
    known = [role for role in ("lesion", "patient") if found.described[role].notna().any()]
    with_group = found.described[known].notna().any(axis=1).sum()
    doubts = [
        f"{' or '.join(known).capitalize()} known for {with_group} of {len(found.described)} images."
        if known
        else "No lesion or patient column: only duplicates are kept together, not other images of one lesion, "
        "and results may be too good."
    ]
    if found.unlabelled:
        doubts.append(f"{found.unlabelled} image files have no label and are not used.")
    absent = [role.replace("_", " ") for role in METADATA if found.described[role].isna().all()]
    return doubts + [f"Not known: {', '.join(absent)}."] * bool(absent)
