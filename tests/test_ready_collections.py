"""The configs of public collections read tables of the real layout, made up here with a few images."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from helpers import REPOSITORY, output, snakemake
from snakemake.utils import update_config

from lesionflow.config.settings import complete
from lesionflow.data.images import RawImages
from lesionflow.data.labels_and_metadata import collection_labels, describe_images
from lesionflow.data.layout import Layout
from lesionflow.files import read_json
from lesionflow.lists import read_described, read_manifest, read_parts

SCHEMA = REPOSITORY / "workflow/schemas/config.schema.yaml"

HAM10000 = """lesion_id,image_id,dx,dx_type,age,sex,localization
HAM_0000118,ISIC_0027419,bkl,histo,80.0,male,scalp
HAM_0000118,ISIC_0025030,bkl,histo,80.0,male,scalp
HAM_0001466,ISIC_0031633,akiec,histo,75.0,male,ear
HAM_0002761,ISIC_0029068,bcc,histo,60.0,female,face
HAM_0005132,ISIC_0025837,df,consensus,70.0,female,back
HAM_0005678,ISIC_0025209,mel,histo,,unknown,unknown
HAM_0001396,ISIC_0025276,nv,follow_up,55.0,female,trunk
HAM_0004234,ISIC_0029396,vasc,consensus,85.0,female,chest
"""
PAD_UFES_20 = """patient_id,lesion_id,smoke,age,gender,fitspatrick,region,diagnostic,img_id,biopsed
PAT_1516,1765,,8,,,ARM,NEV,PAT_1516_1765_530.png,False
PAT_46,881,False,55,FEMALE,3.0,NECK,BCC,PAT_46_881_939.png,True
PAT_46,882,False,55,FEMALE,3.0,FACE,ACK,PAT_46_882_100.png,True
PAT_7,9,False,60,MALE,2.0,FACE,SEK,PAT_7_9_1.png,False
PAT_7,9,False,60,MALE,2.0,FACE,SEK,PAT_7_9_2.png,False
PAT_8,10,True,70,MALE,1.0,EAR,SCC,PAT_8_10_3.png,True
PAT_9,11,,71,FEMALE,2.0,BACK,MEL,PAT_9_11_4.png,True
"""
BCN20000 = "bcn_filename,age_approx,anatom_site_general,diagnosis,lesion_id,capture_date,sex,split\n" + "".join(
    f"BCN_000000000{n}.jpg,55.0,anterior torso,{dx},BCN_000388{n // 2},2012-05-16,male,train\n"
    for n, dx in enumerate(["MEL", "MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC"])
)
MILK10K_CLASSES = ["AKIEC", "BCC", "BEN_OTH", "BKL", "DF", "INF", "MAL_OTH", "MEL", "NV", "SCCKA", "VASC"]
MILK10K = "lesion_id,image_type,isic_id,attribution,copyright_license,age_approx,sex,skin_tone_class,site\n" + "".join(
    f"IL_{n:07d},{kind},ISIC_{2 * n + k:07d},MILK study team,CC-BY-NC,60.0,male,{n % 6},trunk\n"
    for n in range(11)
    for k, kind in enumerate(["clinical: close-up", "dermoscopic"])
)
ISIC_ARCHIVE = """isic_id,attribution,copyright_license,age_approx,anatom_site_general,diagnosis_1,diagnosis_3,\
fitzpatrick_skin_type,image_type,lesion_id,patient_id,sex
ISIC_0000001,Hospital A,CC-0,55,head/neck,Malignant,Melanoma Invasive,II,dermoscopic,IL_1,IP_1,male
ISIC_0000002,Hospital A,CC-0,55,head/neck,Malignant,"Melanoma, NOS",II,dermoscopic,IL_2,IP_1,male
ISIC_0000003,Hospital B,CC-BY,,,Benign,Nevus,,dermoscopic,IL_3,IP_2,female
ISIC_0000004,Hospital B,CC-BY,,,Malignant,Basal cell carcinoma,,dermoscopic,IL_4,,
ISIC_0000005,Hospital B,CC-BY,,,Indeterminate,Solar or actinic keratosis,,dermoscopic,IL_5,,
ISIC_0000006,Hospital B,CC-BY,,,Benign,Seborrheic keratosis,,dermoscopic,,,
ISIC_0000007,Hospital B,CC-BY,,,Benign,Dermatofibroma,,dermoscopic,,,
ISIC_0000008,Hospital B,CC-BY,,,Benign,Hemangioma,,dermoscopic,,,
ISIC_0000009,Hospital B,CC-BY,,,Malignant,Squamous cell carcinoma in situ,,dermoscopic,,,
ISIC_0000010,Hospital B,CC-BY,,,Benign,Scar,,dermoscopic,,,
ISIC_0000011,Hospital B,CC-BY,,,Benign,,,dermoscopic,,,
"""


def rows(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)


def touch(*files: str) -> None:
    for file in files:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).touch()


def read(name: str, **texts: str) -> pd.DataFrame:
    """labels.csv of a ready collection, with its tables as in `texts`, and images that are there."""
    config = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())
    update_config(config, yaml.safe_load((REPOSITORY / f"config/collections/{name}.yaml").read_text()))
    config = complete(config, SCHEMA)
    assert config["collection"] == name and set(config["class_names"]) >= set(config["classes"])
    collection = config["collections"][name]
    for key, text in texts.items():
        Path(collection[key]).write_text(text)
    layout = Layout(**{key: collection[key] for key in vars(Layout()) if key in collection})
    table = None if collection["labels"] == "by_folder" else collection["labels"]
    labels = collection_labels(
        RawImages(collection["images"]),
        table,
        collection.get("metadata"),
        config["classes"],
        collection["ignore_classes"],
        layout,
    )
    return describe_images(labels, collection.get("metadata"), layout=layout).set_index("image")


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_every_ready_collection_is_read_here():
    names = {path.stem for path in (REPOSITORY / "config/collections").glob("*.yaml")}
    assert names == {name.removeprefix("test_") for name in globals()} & names and names >= {"ham10000", "by_folder"}


def test_ham10000():
    images = rows(HAM10000)["image_id"]
    touch(*(f"data/ham10000/HAM10000_images_part_{1 + n % 2}/{image}.jpg" for n, image in enumerate(images)))
    found = read("ham10000", labels=HAM10000)
    assert found["label"][images].tolist() == ["BKL", "BKL", "AKIEC", "BCC", "DF", "MEL", "NV", "VASC"]
    assert found["lesion"].nunique() == 7 and set(found["archive"]) == {"HAM"} and found["patient"].isna().all()
    assert found.loc["ISIC_0027419", ["age", "sex", "site"]].tolist() == ["80.0", "male", "scalp"]
    assert found.loc["ISIC_0025209", ["age", "sex", "site"]].isna().all()


def test_pad_ufes_20():
    images = rows(PAD_UFES_20)["img_id"]
    touch(*(f"data/pad_ufes_20/imgs_part_{1 + n % 3}/{image}" for n, image in enumerate(images)))
    found = read("pad_ufes_20", labels=PAD_UFES_20).loc[images.str.removesuffix(".png")]
    assert found["label"].tolist() == ["NV", "BCC", "AK", "SEK", "SEK", "SCC", "MEL"]
    assert found["patient"].nunique() == 5 and found["lesion"].nunique() == 6 and set(found["archive"]) == {"unknown"}
    assert found["skin_tone"].iloc[1] == "3.0" and found["site"].iloc[1] == "NECK" and found["sex"].iloc[1] == "FEMALE"


def test_bcn20000():
    touch(*(f"data/bcn20000/BCN_20k_train/bcn_20k_train/{image}" for image in rows(BCN20000)["bcn_filename"]))
    found = read("bcn20000", labels=BCN20000)
    assert found["label"].tolist() == rows(BCN20000)["diagnosis"].tolist()
    assert found["lesion"].nunique() == 5 and set(found["archive"]) == {"BCN"}


def test_milk10k():
    truth = pd.DataFrame(np.eye(11), columns=MILK10K_CLASSES)
    truth.insert(0, "lesion_id", [f"IL_{n:07d}" for n in range(11)])
    table = rows(MILK10K)
    touch(*("data/milk10k/MILK10k_Training_Input/" + table["lesion_id"] + "/" + table["isic_id"] + ".jpg"))
    found = read("milk10k", labels=truth.to_csv(index=False), metadata=MILK10K)
    assert found["label"].tolist() == np.repeat(MILK10K_CLASSES, 2).tolist()
    assert found["lesion"].tolist() == table["lesion_id"].tolist() and found["skin_tone"].notna().all()
    assert set(found["archive"]) == {"MILK study team"} and set(found["site"]) == {"trunk"}
    only = "\n".join(line for line in MILK10K.splitlines() if "close-up" not in line)
    assert len(read("milk10k", labels=truth.to_csv(index=False), metadata=only)) == 11


def test_isic_archive():
    table = rows(ISIC_ARCHIVE)
    touch(*("data/isic_archive/" + table["isic_id"] + ".jpg"))
    found = read("isic_archive", labels=ISIC_ARCHIVE)
    assert found["label"].tolist() == ["MEL", "MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC", "Scar"]
    assert found["patient"].value_counts().to_dict() == {"IP_1": 2, "IP_2": 1}
    assert set(found["archive"]) == {"Hospital A", "Hospital B"} and found["skin_tone"].count() == 2


def test_by_folder():
    touch("data/by_folder/melanoma/a.jpg", "data/by_folder/naevus/2019/b.png")
    assert read("by_folder")["label"].to_dict() == {"a": "MEL", "b": "NV"}


def test_a_collection_of_a_clinic_is_split_by_patient(raw, tmp_path):
    """Labels in a column of a spreadsheet, patients and no lesions: a plan of everything, and a run to the audit."""
    images = [f"ISIC_{number:07d}" for number in range(96)]
    table = pd.DataFrame({"Foto": [f"{image}.jpg" for image in images]})
    table["Befund"] = [("Melanom", "Nävus", "Nävus", "Warze")[number // 2 % 4] for number in range(96)]
    table["Fall"] = [f"Nr {number // 4}" for number in range(96)]  # two lesions of two classes
    table.to_csv(tmp_path / "befunde.csv", index=False, sep=";", encoding="cp1252")
    clinic = {"images": str(raw / "images"), "labels": "befunde.csv", "metadata": "befunde.csv", "shards": 1}
    clinic |= {"image_column": "Foto", "label_column": "Befund", "columns": {"patient": "Fall"}}
    clinic |= {"label_map": {"Melanom": "MEL", "Nävus": "NV"}, "ignore_classes": ["Warze"]}
    config = {"collection": "clinic", "collections": {"clinic": clinic}, "classes": ["MEL", "NV"]}
    for arguments in (["--dry-run", "--quiet"], ["results/clinic/corrected/seed1/leakage.json", "plan_study"]):
        done = snakemake(tmp_path, *arguments, config=config)
        assert done.returncode == 0, output(done)
    manifest = read_manifest("results/clinic/manifest.csv")
    assert manifest["image"].tolist() == [
        image for image, found in zip(images, table["Befund"], strict=True) if found != "Warze"
    ]
    assert manifest["patient"].tolist() == [f"Nr {int(image[5:]) // 4}" for image in manifest["image"]]
    assert manifest.groupby("group")["patient"].nunique().eq(1).all() and manifest["group"].nunique() == 24
    assert read_described("results/clinic/labels.csv")["lesion"].isna().all()
    parts = read_parts("results/clinic/corrected/seed1/split.csv").merge(manifest, on="image")
    assert parts[parts["part"] != "unused"].groupby("patient")["part"].nunique().eq(1).all()
    leakage = read_json("results/clinic/corrected/seed1/leakage.json")
    assert leakage["known"] == {"lesion": 0, "patient": leakage["images_audited"]} and not leakage["leaky"]
    assert leakage["test"]["sharing"]["patient"] == 0 and leakage["test"]["sharing"]["lesion"] is None
