"""Where a step says what it does: its log, with no URL's secrets in it, and bars of progress."""

import contextlib
import logging
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from tqdm import tqdm

from lesionflow.files import InputError
from lesionflow.refusals import refusal
from lesionflow.urls import public

BUG = (
    "This is a bug in Lesionflow. Please report it in the issue tracker of the repository that you cloned (see "
    "`git remote -v`), and attach this log (%s) and, if a model is concerned, its card.md:"
)


class Log(logging.StreamHandler):
    """Says on the terminal what the log's disk does not take."""

    def handleError(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.__stderr__)


@contextlib.contextmanager
def log_stream(log: str | Path) -> Iterator[TextIO]:
    """A new file at `log` to write to; ends with one sentence on the terminal where there can be none."""
    try:
        Path(log).parent.mkdir(parents=True, exist_ok=True)
        stream = open(log, "w", buffering=1)  # noqa: SIM115 (to close it may fail)
    except OSError as error:
        sys.exit(f"Error: {refusal(error) or error}")
    try:
        yield stream
    finally:
        with contextlib.suppress(OSError):  # what it did not take was said on the terminal
            stream.close()


class PublicFormatter(logging.Formatter):
    """A log shows no URL with its secrets, whoever writes it, the text of an exception included."""

    def format(self, record: logging.LogRecord) -> str:
        return public(super().format(record))


@contextlib.contextmanager
def job(log: str | Path) -> Iterator[None]:
    """Send everything that a step says to `log`; end with one sentence, not a traceback, where it is no bug of ours."""
    with log_stream(log) as stream, contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        handler = Log(stream)
        handler.setFormatter(PublicFormatter("%(asctime)s %(message)s"))
        logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
        logging.captureWarnings(True)
        try:
            yield
        except Exception as error:
            said = str(error) if isinstance(error, InputError) else refusal(error)
            if said:
                logging.error("Error: %s", said)
            else:
                logging.exception(BUG, log)
            sys.exit(1)


def progress(items: Iterable | None = None, **bar: Any) -> tqdm:
    """A tqdm bar on the terminal, or a line every half minute in the log of a step that has none."""
    terminal = sys.__stderr__ is not None and sys.__stderr__.isatty()
    stream = sys.__stderr__ if terminal else sys.stderr
    return tqdm(items, file=stream, mininterval=0.5 if terminal else 30, **bar)
