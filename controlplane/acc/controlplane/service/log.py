"""One JSON object per line on stderr.

`event` says what happened in a word or two; other keys say about what. An exception is logged once, by who decides
about it, with its traceback under `exception`. What happens for a request to the API has its `request_id`.
"""

import logging
import sys

from acc.controlplane.service.exchange import current
from acc.wire.jsonlines import JsonLines

logger = logging.getLogger("acc.controlplane")


class _RequestLines(JsonLines):
    """Adds the request that a line was written for."""

    def format(self, record: logging.LogRecord) -> str:
        exchange = current()
        if exchange is not None:
            record.about = {"request_id": exchange.id} | getattr(record, "about", {})
        return super().format(record)


def start_logging() -> None:
    """Sends every logger's lines to stderr. uvicorn's own chatter below warnings is left out."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_RequestLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in ("uvicorn", "uvicorn.error", "hpack", "grpclib"):
        logging.getLogger(name).setLevel(logging.WARNING)


def event(name: str, **about: object) -> None:
    """Logs that `name` happened."""
    logger.info(name, extra={"about": about})


def warning(name: str, **about: object) -> None:
    """Logs that `name` happened and that somebody should look."""
    logger.warning(name, extra={"about": about})
