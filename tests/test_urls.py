"""URLs as they are shown: without user, password, query and fragment."""

import logging

import pytest
import yaml
from helpers import REPOSITORY

from lesionflow.config.checks import check_schema
from lesionflow.files import InputError
from lesionflow.logs import job
from lesionflow.urls import file_name, public, take_urls


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://h.org/a/b.zip", "https://h.org/a/b.zip"),
        ("http://h:8080/a.zip", "http://h:8080/a.zip"),
        ("http://[::1]:80/a", "http://[::1]:80/a"),
        ("https://h/@scope/a", "https://h/@scope/a"),
        ("https://user@h/a", "https://h/a"),
        ("https://user:pass@h:1/a?token=t#part", "https://h:1/a"),
        ("https://h/a#token", "https://h/a"),
        ("https://user:p@ss@h/a", "https://h/a"),
        ("https://user:p/s?s#@h/a", "https://h/a"),
        ("https://user:pass", "https://…"),
        ("HTTPS://user:pass@h/a", "HTTPS://h/a"),
        ("user:pass@h/a?token", "h/a"),
        ("s3+https://user:pass@h/a", "s3+https://h/a"),
    ],
)
def test_public(url, shown):
    assert public(url) == shown and public(shown) == shown
    if "://" in url:
        assert public(f"at '{url}': (see {url}), {url}.") == f"at '{shown}': (see {shown}), {shown}."


def test_two_urls_in_one_word():
    assert "pass" not in public("[https://h/a,https://user:pass@h/b]")


def test_text_without_urls_stays():
    text = "What? a@b.org: C:/x#1 http:// and <https>"
    assert public(text) == text


def test_secrets_are_taken_out_of_a_config():
    url, weights = "https://u:p@h/a.csv?t", "https://u:p@h/net-0676ba61.pth?t"
    config = {
        "collections": {"mine": {"download": {"a.csv": {"urls": [url]}}}, "other": {}},
        "backbones": {"one": {"weights": weights}, "two": {"weights": "none"}, "three": {"weights": "https/a.pth"}},
    }
    assert take_urls(config) == {"resources/mine/a.csv": [url], "resources/weights/net-0676ba61.pth": [weights]}
    assert config["collections"]["mine"]["download"]["a.csv"]["urls"] == ["https://h/a.csv"]
    assert [backbone["weights"] for backbone in config["backbones"].values()] == [
        "https://h/net-0676ba61.pth", "none", "https/a.pth",
    ]  # fmt: skip
    assert file_name(weights) == "net-0676ba61.pth"


def test_a_log_shows_no_secret_whoever_writes_it(tmp_path):
    log = tmp_path / "log"
    with pytest.raises(SystemExit), job(log):
        logging.getLogger("urllib3").warning("Failed to parse headers (url=%s)", "https://u:PASS@h/a?TOKEN")
        raise OSError("no https://u:PASS@h/b?TOKEN")
    said = log.read_text()
    assert "url=https://h/a)" in said and "https://h/b" in said and "PASS" not in said and "TOKEN" not in said


def test_a_config_that_is_refused_shows_no_secret():
    rules = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())
    config = {"collections": {"mine": {"download": {"a.csv": {"urls": "https://u:PASS@h/a?TOKEN"}}}}}
    with pytest.raises(InputError) as caught:
        check_schema(config, rules)
    assert "PASS" not in str(caught.value) and "TOKEN" not in str(caught.value)
