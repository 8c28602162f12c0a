"""What a column holds by its name."""

import re
import unicodedata

# What columns are called in English, German, Spanish, Portuguese and data sets, as `meaning` spells it.
WORDS = {
    "image": "image img imagefile imagepath path bild bilddatei foto fotografia photo file filename datei dateiname "
    "aufnahme imagen imagem archivo arquivo fichero ficheiro picture isic",
    "label": "label dx diagnosis diagnostic diagnose diagnosi diagnostico diagnosticohistologico "
    "diagnosticohistopatologico befund class klasse clase etiqueta target category kategorie categoria groundtruth "
    "pathology histology diag",
    "lesion": "lesion laesion lasion lesao mole",
    "patient": "patient patienten pat paciente doente utente subject person proband participant "
    "nhc mrn historiaclinica nodehistoria numerodehistoria",
    "case": "case fall caso",
    "age": "age alter edad idade",
    "sex": "sex gender geschlecht sexo sexe genero",
    "site": "site anatomsite anatomsitegeneral localization localisation lokalisation localizacion location region "
    "bodyregion bodypart bodysite korperstelle koerperstelle",
    "archive": "archive source dataset quelle attribution institution center centre zentrum hospital klinik clinic",
    "skin_tone": "skintone skintoneclass fitzpatrick fitspatrick fitzpatrickskintype skintype hauttyp phototype "
    "fototipo",
}
MEANINGS = {word: role for role, words in WORDS.items() for word in words.split()}
# Words such as `number` beside the word that counts; `n` and `no` are of Nº.
BEFORE = re.compile("^(?:id|codigo|nombre|nome|numero|no|n)?(?:de|da|do)?")
AFTER = re.compile("(?:id|nr|no|num|number|nummer|numero|code|name|approx|years|anos|jahre)$")


def meaning(header: str) -> str | None:
    """Return the key of WORDS that a column is named like, if any: `Fall-Nr.` is a case, `anatom_site` a site."""
    letters = unicodedata.normalize("NFKD", header.casefold())
    word = "".join(re.findall("[a-z]", letters))
    forms = [word, AFTER.sub("", word)]
    return next(filter(None, map(MEANINGS.get, [*forms, *(BEFORE.sub("", form) for form in forms)])), None)
