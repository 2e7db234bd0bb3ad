"""Writes the tables of docs/ that follow from the code, or with --check says whether they are current.

A table stands between `<!-- NAME: made by tools/gendocs.py -->` and `<!-- end -->`; all else on a page is written by
hand.
"""

import json
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from acc.cli import authorize, opening, resume
from acc.cli.resource.special import group_named
from acc.controlplane.service import config as controlplane_config
from acc.wire import control, frames, incoming, ticket, tunnel, upgrade
from acc.wire.directory.index import QUERY, RESOURCES
from acc.wire.directory.records import AUDIT_EVENT
from acc.wire.errors import Code
from acc.wire.resources import Exposure, Given
from acc.wire.settings import Key
from acc.worker import config, controllink, dial, door, farewell, relay

ROOT = Path(__file__).resolve().parent.parent
PAGES = tuple(
    ROOT / "docs" / name for name in ("api.md", "audit.md", "cli.md", "configuration.md", "errors.md", "protocol.md")
)

Row = Sequence[object]


OF_MOST = {
    *("id", "scope_id", "scope", "name", "description", "created_time", "updated_time", "version"),
    *("authorized_actions", "authorized_collection_actions"),
}
"""Fields that a page speaks of once."""


def codes() -> str:
    return table(
        ("code", "what happened", "HTTP", "Close"),
        ((f"`{code.value}`", code.title, code.http or "", code.close or "") for code in Code),
    )


def statuses() -> str:
    return table(
        ("exit", "code", "what happened", "what to do"),
        ((code.exit_status, f"`{code.value}`", code.title, code.hint.format(name="NAME")) for code in Code),
    )


def limits() -> str:
    return table(
        ("what", "at most"),
        [
            ("head of a request or an answer", f"{upgrade.MAX_HEAD} bytes"),
            ("body of a refusal", f"{upgrade.MAX_BODY} bytes"),
            ("ticket", f"{upgrade.MAX_TICKET} characters"),
            ("endpoints of a ticket", ticket.MAX_ENDPOINTS),
            ("resume token", f"{upgrade.MAX_RESUME} characters"),
            ("payload of a data frame", f"{frames.MAX_FRAME} bytes"),
            ("text message, all its fragments", f"{frames.MAX_TEXT} bytes"),
            ("payload of a ping, pong or Close", f"{frames.MAX_CONTROL} bytes"),
            ("reason of a reset, detail of a refusal", f"{control.MAX_REASON} characters"),
            ("offset, limit, `Acc-Window`", control.MAX_OFFSET),
            ("window at first", f"{incoming.WINDOW} bytes"),
            ("window, and what a sender keeps", f"{incoming.MAX_WINDOW} bytes"),
            ("unfinished openings of a worker", door.MAX_OPENINGS),
            ("tunnels of a worker", relay.MAX_TUNNELS),
        ],
    )


def timers() -> str:
    return table(
        ("who", "what", "seconds"),
        [
            ("client", "TCP and TLS to one worker", f"{opening.CONNECT_DEADLINE:g}"),
            ("client", "the answer to its request", f"{opening.ANSWER_DEADLINE:g}"),
            ("worker", "from accept to a complete request", f"{door.OPENING_DEADLINE:g}"),
            ("worker", "authorisation by the controller", f"{controllink.AUTHORIZE_TIMEOUT:g}"),
            ("worker", "resolving and dialling the backend", f"{dial.DIAL_TIMEOUT:g}"),
            ("both", "silence before a ping", f"{tunnel.PING_AFTER:g}"),
            ("both", "silence after a ping before the transport is lost", f"{tunnel.LOST_AFTER:g}"),
            ("worker", "hold without a transport, where `--hold` says nothing else", config.DEFAULT_HOLD),
            (
                "client",
                "nothing listens at the worker's address: given up",
                f"{resume.REFUSED_FOR:g}",
            ),
            ("worker", "from its last word to the end of TCP", f"{farewell.PATIENCE:g}"),
        ],
    )


def bounds() -> str:
    silence = tunnel.PING_AFTER + tunnel.LOST_AFTER
    return table(
        ("what is wrong", "code", "seconds"),
        [
            (
                "name, port, configuration, no login",
                shown("bad_name", "config", "login_required"),
                "at once",
            ),
            ("the ticket, or its session", shown("ticket_*", "session_*"), "one round trip"),
            ("the host refuses the connection", shown("backend_refused"), "one round trip"),
            (
                "the controller does not answer `acc proxy`, each time it waits",
                shown("controller_unreachable"),
                f"{authorize.DEADLINE:g}",
            ),
            (
                "the controller does not answer the worker",
                shown("controller_unreachable", "unavailable"),
                f"{controllink.AUTHORIZE_TIMEOUT:g}",
            ),
            ("a worker does not answer TCP or TLS", shown("worker_unreachable"), f"{opening.CONNECT_DEADLINE:g}"),
            ("a worker does not answer the request", shown("worker_unreachable"), f"{opening.ANSWER_DEADLINE:g}"),
            ("a client does not finish its request", "none: the worker closes", f"{door.OPENING_DEADLINE:g}"),
            (
                "the host answers nothing",
                shown("backend_timeout", "backend_unresolved"),
                f"{dial.DIAL_TIMEOUT:g}",
            ),
            ("a session is cancelled or ends", shown("session_cancelled", "session_expired"), "1"),
            ("the worker was killed, and its address refuses", shown("tunnel_lost"), f"{resume.REFUSED_FOR:g}"),
            (
                "the network is gone: noticed by pings, given up after the hold",
                shown("tunnel_lost"),
                f"{silence:g} + {config.DEFAULT_HOLD}",
            ),
            (
                "the client was killed: the host sees a reset",
                shown("tunnel_lost") + " in the session's record",
                config.DEFAULT_HOLD,
            ),
        ],
    )


def commands() -> str:
    return table(
        ("command", "what it is about", "verbs and actions"),
        (
            (
                f"`acc {resource.plural}`",
                resource.says,
                ", ".join(f"`{name}`" for name in group_named(resource.plural).commands),
            )
            for resource in RESOURCES
        ),
    )


def event() -> str:
    return table(
        ("field", "what it holds", "shape"),
        (
            (f"`{one.name}`", one.says, one.shape.value)
            for one in AUDIT_EVENT.fields
            if one.name != "authorized_actions"
        ),
    )


def exposures() -> str:
    asked = [
        (resource.type, field)
        for resource in RESOURCES
        for field in (*resource.fields, *(one for action in resource.domain for one in (*action.takes, *action.gives)))
    ]
    return table(
        ("resource", "field", "class"),
        (
            (where, f"`{f'{field.inside}.' if field.inside else ''}{field.name}`", field.exposure.value)
            for where, field in dict.fromkeys((*asked, *(("any list", one) for one in QUERY)))
            if field.exposure is not Exposure.PUBLIC
        ),
    )


def controller_settings() -> str:
    return settings("environment", controlplane_config.KEYS)


def worker_settings() -> str:
    return settings("option", config.KEYS)


def settings(override: str, keys: Sequence[Key[object]]) -> str:
    return table(
        ("key", override, "what", "it is", "default"),
        ((f"`{key.name}`", f"`{key.override}`", key.about, key.kind.is_a, written(key)) for key in keys),
    )


def written(key: Key[object]) -> str:
    """The default of `key` as TOML has it, with its unit."""
    if key.default is None:
        return "must be set"
    return f"`{json.dumps(key.default)}` {key.unit}".rstrip()


def resources() -> str:
    return table(
        ("path", "what it is", "lives in", "can be"),
        (
            (
                f"`{one.path}`",
                one.says.removesuffix("."),
                one.parent or ", ".join(one.scopes),
                ", ".join((*one.verbs, *(f"`:{action.name}`" for action in one.domain))),
            )
            for one in RESOURCES
        ),
    )


def fields() -> str:
    return table(
        ("of", "field", "what it is", "shape", "set"),
        (
            (
                one.type,
                shown(f"{field.inside}.{field.name}" if field.inside else field.name),
                field.says.removesuffix("."),
                field.shape.value,
                "" if field.given is Given.NEVER else field.given.value + (", must be" if field.required else ""),
            )
            for one in RESOURCES
            for field in one.fields
            if field.name not in OF_MOST
        ),
    )


def shown(*names: str) -> str:
    return ", ".join(f"`{name}`" for name in names)


def table(head: Row, rows: Iterable[Row]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(str, row))} |\n" for row in lines)


TABLES = {
    "codes": codes,
    "statuses": statuses,
    "limits": limits,
    "timers": timers,
    "bounds": bounds,
    "event": event,
    "fields": fields,
    "resources": resources,
    "exposures": exposures,
    "controller_settings": controller_settings,
    "worker_settings": worker_settings,
    "commands": commands,
}


def generate(page: str) -> str:
    """`page` with every table made anew."""

    def made(match: re.Match[str]) -> str:
        return f"{match[1]}\n{TABLES[match[2]]()}\n{match[3]}"

    return re.sub(r"(<!-- (\w+): made by tools/gendocs\.py -->\n).*?(<!-- end -->)", made, page, flags=re.DOTALL)


def run(arguments: list[str]) -> int:
    """Writes the pages; with --check, 1 if one of them is stale."""
    status = 0
    for page in PAGES:
        text = page.read_text()
        if generate(text) == text:
            continue
        if arguments == ["--check"]:
            print(f"{page.relative_to(ROOT)} is stale: run python tools/gendocs.py", file=sys.stderr)
            status = 1
        else:
            page.write_text(generate(text))
    return status


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
