"""What a target may be called.

Rule: a name is what ssh, a shell, a file name and a log line can all carry unchanged: ASCII letters, digits,
dot, underscore and hyphen, beginning with a letter or digit, at most 63 long. Ids are names too (`ttcp_...`).

Refuses everything else, because names reach `acc proxy` from ssh's `%h`, where control characters, a leading
hyphen and shell syntax have each been a hole before (CVE-2023-51385, CVE-2025-61984).
"""

MAX_NAME = 63


def is_name(text: str) -> bool:
    """True if `text` may name a target, a login or a resource."""
    if not (text.isascii() and 0 < len(text) <= MAX_NAME and text[0].isalnum()):
        return False
    return text.replace(".", "").replace("_", "").replace("-", "").isalnum()


def worker_server_name(worker_id: str) -> str:
    """What a worker's certificate is for, and clients verify: its identity, wherever it listens.

    A certificate for the worker's host would let it stand in for whatever else that host serves, the controller
    among them.
    """
    return f"{worker_id}.worker.acc"


def parse_port(text: str) -> int | None:
    """The TCP port that `text` spells in plain decimal digits, or None."""
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        return None
    port = int(text)
    return port if 0 < port < 65536 else None


def split_address(text: str) -> tuple[str, int] | None:
    """`host:port` or `[v6]:port` as its two parts, or None. The host is not resolved, only bounded."""
    host, colon, port_text = text.rpartition(":")
    port = parse_port(port_text)
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        return None
    if not colon or port is None or not 0 < len(host) <= 255:
        return None
    if not all(" " < character < "\x7f" and character not in "[]" for character in host):
        return None
    return host, port


def join_address(host: str, port: int) -> str:
    """`host:port`, an IPv6 host in brackets: what `split_address` takes apart."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
