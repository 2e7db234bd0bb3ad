"""One JSON object per line on stderr.

`event` says what happened in a word or two; other keys say about what. An exception is logged once, by who decides
about it, with its traceback under `exception`.
"""

import logging
import sys

from acc.wire.jsonlines import JsonLines

logger = logging.getLogger("acc.controlplane")


def start_logging() -> None:
    """Sends every logger's lines to stderr. uvicorn's own chatter below warnings is left out."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in ("uvicorn", "uvicorn.error", "hpack", "grpclib"):
        logging.getLogger(name).setLevel(logging.WARNING)


def event(name: str, **about: object) -> None:
    """Logs that `name` happened."""
    logger.info(name, extra={"about": about})


def warning(name: str, **about: object) -> None:
    """Logs that `name` happened and that somebody should look."""
    logger.warning(name, extra={"about": about})
