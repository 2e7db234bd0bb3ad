"""One JSON object per line on stderr.

`event` says what happened in a word or two; other keys say about what. Each thing is logged once, by who decides
about it. Nothing is logged per chunk of a stream, and a secret never.
"""

import logging
import sys

from acc.wire.jsonlines import JsonLines

_logger = logging.getLogger("acc.worker")


def start_logging() -> None:
    """Sends every logger's lines to stderr; the chatter of libraries below warnings is left out."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in ("hpack", "grpclib", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)


def event(name: str, **about: object) -> None:
    """Logs that `name` happened."""
    _logger.info(name, extra={"about": about})


def warning(name: str, **about: object) -> None:
    """Logs that `name` happened and that somebody should look."""
    _logger.warning(name, extra={"about": about})


def failure(name: str, error: BaseException | None) -> None:
    """Logs that `name` happened because of an error that nobody expected, with its traceback."""
    _logger.error(name, exc_info=error)
