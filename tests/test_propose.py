"""Proposed configs: they read to the labels that the tables were made from, or say what is not known."""

import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from helpers import ENVIRONMENT, REPOSITORY, SNAKEMAKE, jpeg, labels_table, output
from hypothesis import given, settings
from hypothesis import strategies as st
from snakemake.utils import update_config

from lesionflow.config.settings import complete
from lesionflow.data.images import RawImages
from lesionflow.data.labels_and_metadata import collection_labels, describe_images
from lesionflow.data.layout import Layout
from lesionflow.files import InputError, read_json
from lesionflow.lists import read_described
from lesionflow.proposal import propose as module
from lesionflow.proposal.headers import meaning
from lesionflow.proposal.plan import Sizes
from lesionflow.proposal.propose import check_absent, collection_name, propose, run_command

SCHEMA = REPOSITORY / "workflow/schemas/config.schema.yaml"
DEFAULTS = (REPOSITORY / "config/config.yaml").read_text()
PROTOCOL = {"split": {"test": 50, "valid": 50}, "stages": {"efficientnet_lite0": {1: {"epochs": 40}}}}
IMAGES = [f"ISIC_{number:07d}" for number in range(72)]
LESIONS = [f"L{number // 2}" for number in range(72)]
CLASSES = [["melanoma", "naevus", "wart"][number // 2 % 3] for number in range(72)]


@pytest.fixture(autouse=True, scope="module")
def quick():
    """Nothing measured."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "training_rate", lambda *_: 10)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return with_images(tmp_path_factory.mktemp("collection") / "photos", [f"{name}.jpg" for name in IMAGES])


def with_images(folder: Path, files: list[str]) -> Path:
    data = jpeg(np.random.default_rng(0))
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(data)
    return folder


def text_for(images: Path, labels: Path | None = None, metadata: Path | None = None) -> str:
    paths = [path and str(path) for path in (images, labels, metadata)]
    return propose(
        *paths, ["demo"], PROTOCOL, "efficientnet_lite0", "architecture", "snakemake --configfile proposed.yaml"
    )


def read(text: str) -> pd.DataFrame:
    """What the workflow reads with a proposed config, which must be valid, of the classes that are used."""
    config = yaml.safe_load(DEFAULTS)
    update_config(config, yaml.safe_load(text))
    config = complete(config, SCHEMA)
    collection = config["collections"][config["collection"]]
    layout = Layout(**{key: collection[key] for key in vars(Layout()) if key in collection})
    labels = None if collection["labels"] == "by_folder" else collection["labels"]
    metadata, ignored = collection.get("metadata"), collection["ignore_classes"]
    found = collection_labels(RawImages(collection["images"]), labels, metadata, config["classes"], ignored, layout)
    described = describe_images(found, metadata, layout=layout).set_index("image")
    return described[described["label"].isin(config["classes"])]


def flat(text: str) -> str:
    """Comments as one line."""
    return " ".join(text.replace("# ", " ").split())


def saved(path: Path, table: pd.DataFrame, **options) -> Path:
    table.to_csv(path, index=False, **options)
    return path


def of_classes(**columns) -> pd.DataFrame:
    return pd.DataFrame({key: value if isinstance(value, list) else [value] * 72 for key, value in columns.items()})


SEX = ["male", "female"] * 36
AGES = [f"{number}.0" for number in range(20, 92)]
ISIC = of_classes(image=IMAGES, lesion_id=LESIONS, age_approx=AGES, sex=SEX, anatom_site_general="torso")
PATIENTS = [f"PAT_{number // 4}" for number in range(72)]
TABLES = {  # labels, metadata and the columns of metadata that are known
    "isic_2019": (labels_table(dict(zip(IMAGES, CLASSES, strict=True)), sorted(set(CLASSES))), ISIC, "age sex site"),
    "ham10000": (
        of_classes(lesion_id=LESIONS, image_id=IMAGES, dx=CLASSES, dx_type=["histo", "consensus"] * 36, age=AGES,
                   sex=SEX, localization="back"),
        None, "age sex site",
    ),
    "pad_ufes_20": (
        of_classes(patient_id=PATIENTS, lesion_id=LESIONS, smoke=["True", ""] * 36, age=AGES, gender=SEX,
                   fitspatrick=["2.0", "3.0"] * 36, region="ARM", diagnostic=CLASSES,
                   img_id=[f"{name}.png" for name in IMAGES], biopsed=["False", "True"] * 36),
        None, "patient age sex site skin_tone",
    ),
    "bcn20000": (
        of_classes(bcn_filename=[f"{name}.jpg" for name in IMAGES], age_approx=AGES, anatom_site_general="torso",
                   diagnosis=CLASSES, lesion_id=LESIONS, capture_date=["2012-05-16", "2013-05-17"] * 36, sex=SEX,
                   split=["train"] * 70 + ["test"] * 2),
        None, "age sex site",
    ),
    "milk10k": (
        labels_table(dict(zip(LESIONS, CLASSES, strict=True)), sorted(set(CLASSES))).rename(
            columns={"image": "lesion_id"}),
        ISIC.rename(columns={"image": "isic_id"}).assign(attribution="MILK", skin_tone_class=["1", "5"] * 36),
        "age sex site archive skin_tone",
    ),
    "isic_archive": (
        of_classes(isic_id=IMAGES, attribution="Hospital A", age_approx=AGES, diagnosis_3=CLASSES, lesion_id=LESIONS,
                   diagnosis_1=["Malignant" if name == "melanoma" else "Benign" for name in CLASSES],
                   patient_id=PATIENTS, sex=SEX, image_type=["dermoscopic", "clinical"] * 36),
        None, "patient age sex archive",
    ),
    "odd": (
        of_classes(lfd=list(range(72)), Befund=CLASSES, Bild=[f"{name}.JPG" for name in IMAGES],
                   fall_nr=LESIONS, pat=PATIENTS, Alter=AGES, Geschlecht=["m", "w"] * 36, Hauttyp=["II", "III"] * 36),
        None, "patient age sex skin_tone",
    ),
    "spanish": (
        of_classes(archivo=IMAGES, diagnóstico=CLASSES, n=["1", "2"] * 36),
        of_classes(archivo=IMAGES, id_paciente=PATIENTS, lesión=LESIONS, edad=AGES, sexo=SEX, localización="cara"),
        "patient age sex site",
    ),
    "portuguese": (
        pd.DataFrame({"Imagem": IMAGES, "Diagnóstico histológico": CLASSES, "Código da lesão": LESIONS,
                      "Nº do doente": PATIENTS, "Idade (anos)": AGES, "Género": SEX}),
        None, "patient age sex",
    ),
    "booleans": (
        pd.DataFrame({"image": IMAGES, "lesion_id": LESIONS, "patient_id": PATIENTS}).join(
            pd.DataFrame({name: [str(label == name) for label in CLASSES] for name in sorted(set(CLASSES))})),
        None, "patient",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("separator", [",", ";"])
def test_a_proposal_reads_to_the_labels_and_metadata(folder, tmp_path, name, separator):
    labels, metadata, known = TABLES[name]
    paths = [saved(tmp_path / "labels.csv", labels, sep=separator)]
    if metadata is not None:
        paths.append(saved(tmp_path / "metadata.csv", metadata, sep=separator))
    described = read(text_for(folder, *paths))
    assert described["label"].to_dict() == dict(zip(IMAGES, CLASSES, strict=True))
    assert described["lesion"].to_dict() == dict(zip(IMAGES, LESIONS, strict=True))
    columns = ("patient", "age", "sex", "site", "skin_tone")
    assert {key for key in columns if described[key].notna().all()} == {*known.split()} - {"archive"}
    assert set(described["archive"]) == {{"milk10k": "MILK", "isic_archive": "Hospital A"}.get(name, "L")} or (
        "archive" not in known
    )


def test_folders_are_classes(tmp_path):
    files = [f"{label.upper()}/{name}.jpg" for label, name in zip(CLASSES, IMAGES, strict=True)]
    images = with_images(tmp_path / "2024", [*files, "rare/a.jpg", "all/b.jpg"])
    text = text_for(images)
    assert "No lesion or patient column" in text and "rare: only 1 images" in flat(text)
    config = yaml.safe_load(text)
    assert config["collection"] == "my_2024" and config["classes"] == ["MELANOMA", "NAEVUS", "WART"]
    assert read(text)["label"].str.lower().to_dict() == dict(zip(IMAGES, CLASSES, strict=True))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["a.jpg", "b.jpg"], r"2 images in no folder.*`--config labels=TABLE`"),
        (["train/a.jpg", "Test/b.jpg"], r"\(Test, train\) are named like parts of a split"),
        ([f"{name}/{n}{name}.jpg" for name in "AB" for n in range(9)], "Fewer than two classes .*A: only 9 images"),
        ([f"A/{n}.jpg" for n in range(20)], "Fewer than two classes"),
    ],
)
def test_folders_that_are_no_classes(tmp_path, files, message):
    with pytest.raises(InputError, match=message):
        text_for(with_images(tmp_path, files))


def test_what_is_not_known_is_said(folder, tmp_path):
    table = of_classes(image=IMAGES, dx=CLASSES, lesion_id="1", fall=[str(n // 3) for n in range(72)])
    table.loc[0, "dx"] = ""
    table.loc[[2, 3], "dx"] = ["NAEVUS", "Naevus"]
    table.loc[4, "dx"] = "all"
    extra = pd.DataFrame({"image": ["gone1", "gone2"], "dx": ["melanoma", "ghost"], "lesion_id": "1", "fall": "x"})
    text = text_for(folder, saved(tmp_path / "t.csv", pd.concat([table, extra])))
    said = flat(text)
    for words in (
        "Column 'lesion_id' is named like a lesion, but it has 1 values for 4 classes",
        "1 image files have no label",
        "2 rows of the labels have no image file",
        "class all: only 1 images",
        "ghost: no image",
        "empty cells: no label",
    ):
        assert words in said
    config = yaml.safe_load(text)
    assert config["collections"]["photos"]["label_map"] == {"NAEVUS": "naevus", "Naevus": "naevus", "all": "class all"}
    assert config["collections"]["photos"]["ignore_classes"] == ["class all", "", "ghost"]
    assert config["on_missing_image"] == "skip"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (of_classes(image="x", dx=CLASSES), r"No column of .* names image files .*it has image, dx; .*ISIC_0000000"),
        (of_classes(image=IMAGES, note=[f"note {n}" for n in range(72)]), "No column of .* looks like the class"),
    ],
)
def test_tables_that_tell_no_labels(folder, tmp_path, table, message):
    with pytest.raises(InputError, match=message):
        text_for(folder, saved(tmp_path / "t.csv", table))


@pytest.mark.parametrize("header", ["Fall", "lesion_id"])  # the second would be read without a word on it
@pytest.mark.parametrize(("numbers", "said"), [(4, "Lesions are not read, only patients."), (2, "it is not used")])
def test_lesions_numbered_anew_for_each_patient_are_left_out(folder, tmp_path, header, numbers, said):
    lesions = [str(n % numbers) for n in range(72)]
    table = of_classes(image=IMAGES, dx=CLASSES, pat=PATIENTS).assign(**{header: lesions})
    text = text_for(folder, saved(tmp_path / "t.csv", table))
    assert said in flat(text)
    assert read(text)["patient"].tolist() == PATIENTS and read(text)["lesion"].isna().all()


def test_a_column_that_may_tell_patients_is_named(folder, tmp_path):
    table = of_classes(
        image=IMAGES, dx=CLASSES, lesion=LESIONS, key=PATIENTS, visit=[f"V{n // 3}" for n in range(72)], row=LESIONS
    )
    said = flat(text_for(folder, saved(tmp_path / "t.csv", table)))
    assert "Column 'key' has 18 values for 72 images" in said and "'visit'" not in said and "'row'" not in said


def test_classes_that_are_numbers_are_said(folder, tmp_path):
    codes = [str(sorted(set(CLASSES)).index(name)) for name in CLASSES]
    text = text_for(folder, saved(tmp_path / "t.csv", of_classes(image=IMAGES, dx=codes)))
    assert "The classes of 'dx' are numbers" in text and read(text)["label"].tolist() == codes


def test_folders_of_patients_are_named(tmp_path):
    where = zip(CLASSES, PATIENTS, IMAGES, strict=True)
    images = with_images(tmp_path, [f"{label}/{patient}/{name}.jpg" for label, patient, name in where])
    patients = pd.DataFrame({"image": IMAGES, "patient": PATIENTS})
    sentence = f"Images lie in {len(set(zip(CLASSES, PATIENTS, strict=True)))} folders below those of the classes"
    assert sentence in flat(text_for(images))
    assert sentence not in flat(text_for(images, None, saved(tmp_path / "t.csv", patients)))


def test_metadata_need_the_same_column_of_images(folder, tmp_path):
    labels = saved(tmp_path / "l.csv", of_classes(Bild=IMAGES, dx=CLASSES))
    text = text_for(folder, labels, saved(tmp_path / "m.csv", of_classes(foto=IMAGES, lesion=LESIONS)))
    assert "names images in column 'foto', the labels in 'Bild'" in flat(text)
    assert read(text)["lesion"].isna().all()


def test_lesions_with_several_classes_are_counted(folder, tmp_path):
    table = of_classes(image=IMAGES, dx=CLASSES, lesion=LESIONS)
    table.loc[0, "dx"] = "wart"
    text = text_for(folder, saved(tmp_path / "t.csv", table))
    assert "# 2 images are of lesions with several classes" in text and "on_conflict: drop" in text


@pytest.mark.parametrize(("width", "height", "side"), [(600, 450, 224), (60, 45, 32), (100, 300, 96), (20, 20, 32)])
def test_images_are_not_enlarged(width, height, side):
    assert Sizes(pd.Series([width]), pd.Series([height]), pd.Series([])).proposed() == side


def test_files_that_cannot_be_read_are_named(tmp_path):
    images = with_images(tmp_path, [f"{label}/{name}.jpg" for label, name in zip(CLASSES, IMAGES, strict=True)])
    (images / "wart/ISIC_0000071.jpg").write_text("no image")
    text = flat(text_for(images))
    assert "1 of them cannot be read, the first is ISIC_0000071: cannot be decoded: not an image" in text


JUNK = {
    "constant": lambda n: ["same"] * n,
    "Datum": lambda n: [f"2024-0{k % 9 + 1}-1{k % 8}" for k in range(n)],
    "lfd_nr": lambda n: [str(k) for k in range(n)],
    "URL": lambda n: [f"https://example.org/{k}/view?x=1" for k in range(n)],
    "Bemerkung": lambda n: [f"free text, {'long ' * (k % 5)}no {k}" for k in range(n)],
    "diameter": lambda n: [f"{k % 7},5" for k in range(n)],
    "leer": lambda n: [""] * n,
}
WARD = "Station"  # text of few values: like a diagnosis


@settings(max_examples=20)
@given(data=st.data())
def test_shuffled_columns_among_junk(folder, tmp_path_factory, data):
    draw = data.draw
    label = draw(st.sampled_from(["dx", "Diagnose", "Befund-Text", "x17", "one-hot"]))
    image = draw(st.sampled_from(["Bild", "image_name", "q"]))
    lesion = draw(st.sampled_from(["lesion_id", "Läsion", "LesionNr", None]))
    junk = draw(st.lists(st.sampled_from([*JUNK, WARD]), unique=True))
    kinds = CLASSES if lesion else draw(st.permutations(CLASSES))  # a lesion has one class
    spelled = draw(st.lists(st.sampled_from(["{}", "{}.jpg", "a/{}.JPG"]), min_size=3, max_size=3))
    table = of_classes(**{image: [spelled[n % 3].format(name) for n, name in enumerate(IMAGES)]})
    if label == "one-hot":
        table = table.join(pd.DataFrame({name: [int(name == kind) for kind in kinds] for name in set(kinds)}))
    else:
        table[label] = kinds
    if lesion:
        table[lesion] = LESIONS
    for name in junk:
        table[name] = JUNK[name](72) if name != WARD else [f"ward {'ABCD'[k % 4]}" for k in range(72)]
    table = table[draw(st.permutations(list(table)))].sample(frac=1, random_state=1)
    path = saved(tmp_path_factory.mktemp("t") / "t.csv", table, sep=draw(st.sampled_from(",;\t")))
    text = text_for(folder, path)
    described = read(text)
    if label in ("x17", "Befund-Text") and WARD in junk:
        assert "the class could be in" in flat(text)
    else:
        assert described["label"].to_dict() == dict(zip(IMAGES, kinds, strict=True))
        assert ("No column is named like" in text) is (label in ("x17", "Befund-Text"))
    if lesion:
        assert described["lesion"].to_dict() == dict(zip(IMAGES, LESIONS, strict=True))
    else:
        assert "No lesion or patient column" in text


@settings(max_examples=10)
@given(st.integers(0, 72), st.booleans())
def test_numbers_of_rows_are_not_taken_for_images_in_silence(folder_of_numbers, tmp_path_factory, start, named):
    """Images 0 to 71, named in a random order, beside the number of the row."""
    order = np.random.default_rng(0).permutation(72)
    table = pd.DataFrame({"row": range(start, start + 72), "photo" if named else "x": order, "dx": CLASSES})
    text = text_for(folder_of_numbers, saved(tmp_path_factory.mktemp("t") / "t.csv", table))
    truth = dict(zip(order.astype(str), CLASSES, strict=True))
    right = read(text)["label"].to_dict() == truth
    assert right if named or start else "check that" in text
    assert ("check that" in text) is (72 - start >= 36)


@pytest.fixture(scope="module")
def folder_of_numbers(tmp_path_factory) -> Path:
    return with_images(tmp_path_factory.mktemp("numbers"), [f"{number}.jpg" for number in range(72)])


@pytest.mark.parametrize(
    ("header", "role"),
    [("Fall-Nr.", "case"), ("patientID", "patient"), ("ID", None), ("anatom_site_general", "site"), ("Número", None),
     ("diagnosis_3", "label"), ("dx_type", None), ("KÖRPERSTELLE", "site"), ("PatNr", "patient"), ("Page", None),
     ("Nº de historia", "patient"), ("Número de lesión", "lesion"), ("Nombre de archivo", "image"), ("node", None),
     ("Age (years)", "age"), ("name", None)],
)  # fmt: skip
def test_what_a_column_is_named_like(header, role):
    assert meaning(header) == role


@pytest.mark.parametrize(
    ("path", "name"), [("a/demo", "my_demo"), ("7.zip", "my_7"), ("ä b-c", "a_b_c"), ("{}", "my"), ("x.y", "x_y")]
)
def test_names_of_collections_are_valid(path, name):
    assert collection_name(Path(path), ["demo"]) == name


def test_an_existing_file_is_kept(tmp_path):
    check_absent(tmp_path / "proposed.yaml")
    (tmp_path / "proposed.yaml").touch()
    with pytest.raises(InputError, match="is not overwritten"):
        check_absent(tmp_path / "proposed.yaml")


def test_the_command_names_a_snakefile_that_is_not_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run_command("/a b/Snakefile").startswith("snakemake --snakefile '/a b/Snakefile' --configfile proposed.yaml")
    (tmp_path / "Snakefile").touch()
    assert run_command("/a b/Snakefile").startswith("snakemake --configfile")


def test_a_proposed_config_runs_by_the_command_that_is_printed(tmp_path):
    random = np.random.default_rng(0)
    (tmp_path / "Bilder").mkdir()
    for name in IMAGES:
        (tmp_path / "Bilder" / f"{name}.jpg").write_bytes(jpeg(random))
    table = of_classes(lfd=list(range(72)), Befund=CLASSES, Bild=IMAGES, pat=PATIENTS, Alter=AGES)
    saved(tmp_path / "Liste.csv", table.sample(frac=1, random_state=0), sep=";")

    def run(words: list[str]) -> str:
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, env=ENVIRONMENT)
        assert done.returncode == 0, output(done)[-3000:]
        return output(done)

    said = run([*map(str, SNAKEMAKE), "propose", "--cores", "1", "--config", "images=Bilder", "labels=Liste.csv"])
    (command,) = [line for line in said.splitlines() if line.startswith("snakemake ")]
    assert (tmp_path / "proposed.yaml").read_text().endswith(f"# {command}\n")
    words = [sys.executable, "-m", *shlex.split(command)]
    assert "write_report" in run([*words, "--dry-run"])
    leakage = "results/Bilder/corrected/seed1/leakage.json"
    run([*words, leakage])
    audit = read_json(tmp_path / leakage)
    assert not audit["leaky"] and audit["test"]["sharing"]["patient"] == 0
    labels = read_described(tmp_path / "results/Bilder/labels.csv").set_index("image")
    assert labels["label"].to_dict() == dict(zip(IMAGES, CLASSES, strict=True))
    assert labels["patient"].to_dict() == dict(zip(IMAGES, PATIENTS, strict=True))
