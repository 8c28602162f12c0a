"""Downloads against a real server on loopback that cuts, lies, forgets and changes its mind."""

import contextlib
import hashlib
import io
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torchvision
from file_server import DATA, OTHER, Server
from helpers import REPOSITORY, output, snakemake
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lesionflow.data import download as module
from lesionflow.data.download import download
from lesionflow.data.images import RawImages
from lesionflow.file_faults import count_images, find_zip_fault
from lesionflow.files import InputError, read_json


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "*")
        patch.setattr(module, "PAUSES", (0, 0))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def get(folder: Path, *urls: str, name: str = "a.bin", **checks: object) -> bytes:
    """Download `name` into `folder`; its bytes. Nothing else may be left there."""
    path = folder / name
    download(list(urls), path, part=folder / f"{name}.part", **checks)
    assert [file.name for file in folder.iterdir()] == [name]
    return path.read_bytes()


def refused(folder: Path, *urls: str, name: str = "a.bin", **checks: object) -> str:
    """The sentence with which a download of `name` fails; no file may bear its name."""
    with pytest.raises(InputError) as caught:
        download(list(urls), folder / name, part=folder / f"{name}.part", **checks)
    assert not (folder / name).exists()
    return str(caught.value)


def run_job(url: str, folder: Path, file_limit: int | None = None) -> subprocess.Popen:
    """Run the script of rule download_file on `url` in a process of its own, as Snakemake does."""
    code = f"""if True:
        import sys
        from types import SimpleNamespace
        sys.path.insert(0, {str(REPOSITORY / "workflow" / "scripts")!r})
        import lesionflow.data.download
        lesionflow.data.download.PAUSES = (0, 0)
        from download_file import main
        params = SimpleNamespace(sha256=None, images=None, part="a.bin.part")
        config = {{"private_urls": {{"a.bin": [{url!r}]}}}}
        main(SimpleNamespace(output=["a.bin"], log=["job.log"], params=params, config=config))
    """

    def limit_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))

    return subprocess.Popen([sys.executable, "-c", code], cwd=folder, preexec_fn=limit_files if file_limit else None)


def test_plain(server, tmp_path):
    served = server.serve("a.bin")
    assert get(tmp_path, served.url, sha256=hashlib.sha256(DATA).hexdigest()) == DATA
    assert len(served.requests) == 1 and "Range" not in served.requests[0]


@pytest.mark.parametrize(
    "headers", [{"ETag": '"1"'}, {"Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}], ids=["etag", "date"]
)
def test_a_cut_download_goes_on_where_it_stopped(server, tmp_path, headers):
    served = server.serve("a.bin", headers=headers, cuts=[500_000, 250_000])
    assert get(tmp_path, served.url) == DATA
    first, second, third = served.requests
    assert "Range" not in first
    assert 0 < int(second["Range"][6:-1]) <= 500_000 < int(third["Range"][6:-1]) < 1_000_000
    assert second["If-Range"] == next(iter(headers.values()))
    assert served.sent <= len(DATA) + 2 * module.CHUNK


def test_progress_earns_new_tries(server, tmp_path):
    served = server.serve("a.bin", cuts=[100_000] * 9)
    assert get(tmp_path, served.url) == DATA
    assert len(served.requests) > len(module.PAUSES) + 1


def test_no_progress_ends(server, tmp_path):
    served = server.serve("a.bin", cuts=[0] * 99)
    assert "more expected" in refused(tmp_path, served.url)
    assert len(served.requests) == len(module.PAUSES) + 1


def test_a_killed_job_goes_on_from_its_part(server, tmp_path):
    served = server.serve("a.bin", cuts=[600_000], hold=threading.Event())
    process = run_job(served.url, tmp_path)
    part = tmp_path / "a.bin.part"
    deadline = time.monotonic() + 10
    while not part.exists() or part.stat().st_size < 500_000:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()
    served.hold.set()
    arrived = part.stat().st_size
    (tmp_path / "job.log").unlink()
    assert get(tmp_path, served.url) == DATA
    assert served.requests[1]["Range"] == f"bytes={arrived}-"
    assert served.sent == 600_000 + len(DATA) - arrived


def test_a_part_that_was_complete_when_the_job_died_is_not_asked_for_again(server, tmp_path):
    served = server.serve("a.bin")
    module.fetch(served.url, tmp_path / "a.bin.part")
    assert get(tmp_path, served.url) == DATA
    assert len(served.requests) == 1


@pytest.mark.parametrize(
    "how",
    [{"ranges": False}, {"headers": {}}, {"headers": {"ETag": 'W/"1"', "Last-Modified": "then"}}],
    ids=["no range", "no version", "weak etag"],
)
def test_starts_over_where_the_server_gives_no_safe_way_to_go_on(server, tmp_path, how):
    served = server.serve("a.bin", cuts=[500_000], **how)
    assert get(tmp_path, served.url) == DATA
    assert served.sent == 500_000 + len(DATA)


@pytest.mark.parametrize("if_range", [True, False], ids=["honours If-Range", "ignores If-Range"])
@pytest.mark.parametrize("data", [OTHER, OTHER[:400_000], OTHER + OTHER], ids=["same size", "shorter", "longer"])
def test_a_changed_file_starts_over(server, tmp_path, data, if_range):
    served = server.serve("a.bin", cuts=[500_000, 0, 0], if_range=if_range)
    refused(tmp_path, served.url)
    assert (tmp_path / "a.bin.part").stat().st_size > 400_000
    served.data, served.headers = data, {"ETag": '"2"'}
    assert get(tmp_path, served.url) == data


def test_a_server_that_sends_the_rest_in_pieces(server, tmp_path):
    served = server.serve("a.bin", cuts=[500_000], piece=200_000)
    assert get(tmp_path, served.url) == DATA
    assert served.sent <= len(DATA) + module.CHUNK


def test_a_server_that_goes_back_further_than_it_was_asked_to(server, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 50_000)
    served = server.serve("a.bin", cuts=[500_000], align=300_000, piece=500_000)  # lengths alone would add up
    assert get(tmp_path, served.url) == DATA
    assert served.requests[1]["Range"] == "bytes=500000-"


def test_a_part_of_unknown_origin_is_not_continued(server, tmp_path):
    (tmp_path / "a.bin.part").write_bytes(OTHER[:500_000])
    (tmp_path / "a.bin.part.json").write_text("")  # what a power cut may leave
    assert get(tmp_path, server.serve("a.bin").url) == DATA


def test_the_second_url_is_tried_when_the_first_is_dead(server, tmp_path):
    served = server.serve("a.bin")
    assert get(tmp_path, server.dead("a.bin"), "http://127.0.0.1:1/a.bin", served.url) == DATA


def test_mirrors_are_never_mixed(server, tmp_path):
    """Even where two servers give different bytes the same ETag."""
    first = server.serve("a.bin", cuts=[500_000, 0, 0])
    second = server.serve("a.bin", OTHER)
    assert get(tmp_path, first.url, second.url) == OTHER
    assert "Range" not in second.requests[0]


def test_the_mirror_that_sent_the_part_comes_first_in_the_next_run(server, tmp_path):
    first, second = server.serve("a.bin", OTHER, status=[404]), server.serve("a.bin", cuts=[900_000, 0, 0])
    refused(tmp_path, first.url, second.url)
    assert get(tmp_path, first.url, second.url) == DATA
    assert len(first.requests) == 1
    assert second.sent <= len(DATA) + module.CHUNK


def test_a_failing_mirror_does_not_cost_the_part_of_another(server, tmp_path):
    served = server.serve("a.bin", cuts=[500_000, 0, 0])
    refused(tmp_path, served.url, server.dead("a.bin"))
    assert get(tmp_path, server.dead("a.bin"), served.url) == DATA
    assert served.sent <= len(DATA) + module.CHUNK


def test_errors_of_the_server_are_retried_and_refusals_are_not(server, tmp_path):
    busy, gone = server.serve("a.bin", status=[503, 429]), server.serve("a.bin", status=[404] * 9)
    assert get(tmp_path, gone.url, busy.url) == DATA
    assert len(busy.requests) == 3 and len(gone.requests) == 1


def test_wrong_digest_passes_on_to_the_next_url_and_then_fails(server, tmp_path):
    wrong, right = server.serve("a.bin", OTHER), server.serve("a.bin")
    digest = hashlib.sha256(DATA).hexdigest()
    message = refused(tmp_path, wrong.url, sha256=digest)
    assert digest in message and hashlib.sha256(OTHER).hexdigest() in message and wrong.url in message
    assert not list(tmp_path.iterdir())
    assert get(tmp_path, wrong.url, right.url, sha256=digest) == DATA
    assert len(wrong.requests) == 2


def test_weights_are_checked_by_the_head_of_their_digest(server, tmp_path):
    served = server.serve("net.pth")
    head = hashlib.sha256(DATA).hexdigest()[:8]
    assert get(tmp_path, served.url, name=f"net-{head}.pth", sha256=head) == DATA
    assert "instead of 7f5810bc" in refused(tmp_path, served.url, name="net-7f5810bc.pth", sha256="7f5810bc")


def test_unannounced_length(server, tmp_path):
    served = server.serve("a.bin", length=False)
    assert get(tmp_path, served.url) == DATA


def test_an_empty_or_compressed_answer_is_refused(server, tmp_path):
    assert "empty" in refused(tmp_path, server.serve("a.bin", b"").url)
    assert "compresses" in refused(tmp_path, server.serve("a.bin", headers={"Content-Encoding": "gzip"}).url)


@pytest.fixture(scope="module")
def archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("in/a.jpg", "in/b.JPEG", "in/c.png", "in/LICENSE.txt", "__MACOSX/in/._a.jpg"):
            archive.writestr(name, DATA[:20_000])
    return stream.getvalue()


def test_a_zip_is_read_through_and_its_images_are_counted(server, tmp_path, archive):
    good = server.serve("a.zip", archive)
    assert get(tmp_path, good.url, name="a.zip", images=3) == archive
    (tmp_path / "a.zip").unlink()
    assert "contains 3 images instead of 4" in refused(tmp_path, good.url, name="a.zip", images=4)
    half = server.serve("a.zip", archive[: len(archive) // 2])
    assert "the zip is truncated: its end is missing" in refused(tmp_path, half.url, name="a.zip", images=3)
    assert not list(tmp_path.iterdir())


def test_images_are_counted_as_they_are_found(tmp_path):
    path = tmp_path / "a.zip"
    names = ["a.JPG", "in/b.jpeg", "c.png", "d.bmp", "e.tif", "f.TIFF", "g.gif", "LICENSE.txt", "noending"]
    with zipfile.ZipFile(path, "w") as archive:
        for name in (*names, "__MACOSX/._a.jpg", "in/__MACOSX/._b.jpg"):
            archive.writestr(name, b"")
    assert count_images(path) == len(RawImages(path).files) == 6


TABLE = b"image,MEL,NV\r\na,0.0,1.0\r\nb,1.0,0.0\r\n"
PAGE = b"\xef\xbb\xbf\n<!DOCTYPE html><html>Please log in, or leave</html>"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (PAGE, "it is a web page"),
        (b'{"message": "Unauthorized", "code": 401}', "it is a web page"),
        (b"Sorry, no access\n", "it is not a CSV"),
        (b"404\n", "it is not a CSV"),
        (DATA[:3000], "it is not a CSV"),
        (TABLE[:-6], "it is truncated: its last row, number 3, has 2 of 3 columns"),
        (TABLE[:-3], "it may be truncated: the server reports no length"),
    ],
    ids=["page", "json", "text", "number", "bytes", "cut", "cut in a number"],
)
def test_a_table_without_digest_that_is_none_or_cut_is_refused(server, tmp_path, data, message):
    assert message in refused(tmp_path, server.serve("a.csv", data, length=False).url, name="a.csv")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "how", [{"data": TABLE, "length": False}, {"data": TABLE.strip()}], ids=["ended", "length known"]
)
def test_a_table_without_digest(server, tmp_path, how):
    assert get(tmp_path, server.serve("a.csv", **how).url, name="a.csv") == how["data"]


def test_a_page_in_the_place_of_another_file_is_called_so(server, tmp_path):
    assert "it is a web page" in refused(tmp_path, server.serve("a.zip", PAGE).url, name="a.zip")
    assert "it is a web page and has the SHA-256" in refused(
        tmp_path, server.serve("a.pth", PAGE).url, sha256="cafe0123"
    )


@pytest.mark.parametrize("drip", ["head", "body"])
def test_a_server_that_sends_byte_after_byte_is_given_up(server, tmp_path, monkeypatch, drip):
    monkeypatch.setattr(module, "WINDOW", 0.1)
    served = server.serve("a.bin", drip=drip)
    message = refused(tmp_path, served.url)
    assert "less than 64 kB arrived in 0.1 s" in message and "\n" not in message
    assert len(served.requests) == len(module.PAUSES) + 1


@pytest.mark.parametrize(
    "how", [{}, {"cuts": [300_000, 0, 0]}, {"status": [404]}, {"status": [503] * 9}], ids=["good", "cut", "404", "503"]
)
def test_secrets_of_a_url_stay_secret(server, tmp_path, how):
    """Not in messages, the log, or what a cut download leaves; and another token goes on with the same part."""
    served = server.serve("a.bin", login="USER:PASS", query="sig=TOKEN", **how)
    run_job(served.url, tmp_path).wait()
    assert (tmp_path / "a.bin").exists() == (not how)
    said = "".join(path.read_text(errors="replace") for path in tmp_path.iterdir())
    assert not re.search("USER|PASS|TOKEN", said) and f"http://127.0.0.1:{server.server_port}/" in said
    if "cuts" in how:
        (tmp_path / "job.log").unlink()
        served.query = "sig=ANOTHER"
        assert get(tmp_path, served.url.replace("TOKEN", "ANOTHER")) == DATA
        assert "Range" in served.requests[-1]


def test_what_a_server_says_is_one_line():
    assert module.printable("404 Not\x1b[31m\r\nFound") == "404 Not [31m  Found"


@pytest.mark.parametrize(
    "url",
    ["http://USER:PASS@127.0.0.1:1/a?TOKEN", "http://USER:PASS@[/a", "ftp://USER:PASS@h/a?TOKEN", "USER:PASS@h/a?TOKEN",
     "http://USER:PASS@no.such.host.invalid/a?TOKEN", "http://USER:PA/SS@h/TOKEN@127.0.0.1:1/a", "http://USER:PASS@h:x/a"],
)  # fmt: skip
def test_a_url_that_cannot_work_is_one_sentence_without_its_secrets(server, tmp_path, url):
    message = refused(tmp_path, url)
    assert "\n" not in message and not re.search("PASS|SS@|TOKEN", message)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_damage_to_a_zip_is_missed_or_crashes(archive, data):
    """Any byte that matters, changed to any value, gives a fault in words or leaves every member as it was."""
    place = data.draw(st.integers(0, len(archive) - 1))
    damaged = bytearray(archive)
    damaged[place] ^= data.draw(st.integers(1, 255))
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder, "a.zip.part")
        part.write_bytes(damaged)
        if find_zip_fault(part, 3) == "":
            with zipfile.ZipFile(part) as read:
                assert all(read.read(member) == DATA[:20_000] for member in read.infolist())


def test_all_dead_is_one_sentence_that_says_what_to_do(server, tmp_path):
    urls = [server.dead("a.zip"), "http://127.0.0.1:1/a.zip", "nothing"]
    message = refused(tmp_path, *urls, name="a.zip", images=3)
    assert "\n" not in message and message.endswith(f"put it at {tmp_path / 'a.zip'}.")
    assert message.startswith("a.zip cannot be downloaded") and all(url in message for url in urls)
    assert "HTTP 404 Not Found" in message and "Connection refused" in message


def test_a_job_without_a_file_ends_with_the_sentence_and_no_traceback(server, tmp_path):
    assert run_job(server.dead("a.bin"), tmp_path).wait() == 1
    log = (tmp_path / "job.log").read_text()
    assert "Error: a.bin cannot be downloaded" in log and "Traceback" not in log
    assert f"put it at {tmp_path / 'a.bin'}." in log


def test_a_full_disk_is_an_input_error_and_keeps_the_part(server, tmp_path):
    served = server.serve("a.bin")
    assert run_job(served.url, tmp_path, file_limit=300_000).wait() == 1
    log = (tmp_path / "job.log").read_text()
    assert f"a.bin cannot be written to {tmp_path} (File too large)" in log and "Traceback" not in log
    (tmp_path / "job.log").unlink()
    assert get(tmp_path, served.url) == DATA
    assert served.requests[1]["Range"] == "bytes=300000-"


@pytest.mark.workflow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    cuts=st.lists(st.integers(0, 5_000), max_size=6),
    change=st.none() | st.integers(0, 5),
    ranges=st.booleans(),
    if_range=st.booleans(),
    length=st.booleans(),
)
@example(cuts=[2_500], change=None, ranges=True, if_range=True, length=True)
@example(cuts=[4_999, 2_500, 0], change=2, ranges=True, if_range=False, length=True)
def test_wherever_it_is_cut_the_file_is_one_version_whole(server, cuts, change, ranges, if_range, length):
    """`change`: the number of the run before which the file on the server becomes another."""
    length = length or bool(cuts)  # without its length, no client can tell a cut from the end
    served = server.serve("a.bin", DATA[:5_000], cuts=cuts, ranges=ranges, if_range=if_range, length=length)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK", 100)
        patch.setattr(module, "PAUSES", ())  # one failure ends a run
        for run in range(20):
            if run == change:
                served.data, served.headers = OTHER[:6_000], {"ETag": '"2"'}
            with contextlib.suppress(InputError):
                assert get(Path(folder), served.url) == served.data
                return
        pytest.fail("the download never came to its end")


@pytest.mark.workflow
def test_a_run_writes_no_secret_and_another_token_makes_nothing_anew(server, raw, tmp_path):
    """Labels and weights from URLs with secrets; every file is searched, those that Snakemake keeps for itself too."""
    shutil.copytree(raw, tmp_path, dirs_exist_ok=True)
    torch.save(torchvision.models.resnet18().state_dict(), tmp_path / "net.pth")
    weights = (tmp_path / "net.pth").read_bytes()
    name = f"net-{hashlib.sha256(weights).hexdigest()[:8]}.pth"
    files = [
        server.serve("l.csv", (raw / "labels.csv").read_bytes(), login="us5ecret:pa5ecret", query="t=to5ecret"),
        server.serve(name, weights, login="us5ecret:pa5ecret", query="t=to5ecret"),
    ]
    folder = "results/tiny/corrected/seed1/undersampled/resnet50/stage1"

    def run(*how: str) -> subprocess.CompletedProcess:
        collection = {"labels": "resources/tiny/l.csv", "download": {"l.csv": {"urls": [files[0].url]}}}
        config = {"collections": {"tiny": collection}, "backbones": {"resnet50": {"weights": files[1].url}}}
        return snakemake(tmp_path, f"{folder}/card.md", *how, config=config | {"run": {"backbones": ["resnet50"]}})

    done = run()
    assert done.returncode == 0, output(done)[-4000:]
    assert read_json(tmp_path / folder / "model.json")["weights"].endswith(f"/{name}")
    for file in files:
        file.query = "t=another5ecret"
        file.url = file.url.replace("to5ecret", "another5ecret")
    again = run("--dry-run")
    assert "Nothing to be done" in output(again)
    assert run("--report", "report.html").returncode == 0  # Snakemake's own, which shows config files
    (tmp_path / "changes.yaml").unlink()
    found = [path for path in tmp_path.rglob("*") if path.is_file() and b"5ecret" in path.read_bytes()]
    assert found == [] and "5ecret" not in output(done) + output(again)
