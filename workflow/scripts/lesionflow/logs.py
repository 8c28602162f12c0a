"""Logging of steps: log files without secrets of URLs, and progress bars."""

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
    """Handler that falls back to the terminal if the log file cannot be written, for example on a full disk."""

    def handleError(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.__stderr__)


@contextlib.contextmanager
def log_stream(log: str | Path) -> Iterator[TextIO]:
    """Open a new log file at `log`; exit with a one-sentence error on the terminal if this fails."""
    try:
        Path(log).parent.mkdir(parents=True, exist_ok=True)
        stream = open(log, "w", buffering=1)  # noqa: SIM115 (closing may fail)
    except OSError as error:
        sys.exit(f"Error: {refusal(error) or error}")
    try:
        yield stream
    finally:
        with contextlib.suppress(OSError):  # unwritten records are on the terminal
            stream.close()


class PublicFormatter(logging.Formatter):
    """Formatter that removes secrets of URLs from all records, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        return public(super().format(record))


@contextlib.contextmanager
def job(log: str | Path) -> Iterator[None]:
    """Redirect all output of a step to `log`; exit with a one-sentence error, or with a traceback for bugs."""
    with log_stream(log) as stream, contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        handler = Log(stream)
        handler.setFormatter(PublicFormatter("%(asctime)s %(message)s"))
        logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
        logging.captureWarnings(True)
        try:
            yield
        except Exception as error:
            message = str(error) if isinstance(error, InputError) else refusal(error)
            if message:
                logging.error("Error: %s", message)
            else:
                logging.exception(BUG, log)
            sys.exit(1)


def progress(items: Iterable | None = None, **bar: Any) -> tqdm:
    """Return a tqdm bar on the terminal, or one that logs a line every 30 s if there is no terminal."""
    terminal = sys.__stderr__ is not None and sys.__stderr__.isatty()
    stream = sys.__stderr__ if terminal else sys.stderr
    return tqdm(items, file=stream, mininterval=0.5 if terminal else 30, **bar)
