"""What `acc` can be told: the names of its commands, where each is, and the text of `acc --help`.

Rule: neither click nor any other library: `acc --help` is answered from here, and a person waits for it.
"""

from acc.wire.directory.index import RESOURCES

OWN = {
    "login": ("acc.cli.login:login", "Log in to a controller."),
    "logout": ("acc.cli.login:logout", "Revoke the login and forget it here, with its cached tickets."),
    "whoami": ("acc.cli.login:whoami", "Say who is logged in, and where."),
    "ssh": ("acc.cli.ssh:ssh", "Run ssh to a target, with more arguments for ssh after it."),
    "ssh-config": ("acc.cli.ssh:ssh_config", "Print an ssh_config block that makes `ssh NAME` work."),
    "connect": ("acc.cli.connect:connect", "Open a local port that leads to a target."),
    "proxy": ("acc.cli.main:proxy", "Carry stdin and stdout to a target; what ssh runs."),
    "audit": ("acc.cli.audit:audit", "Read the record of every decision."),
    "dev": ("acc.cli.dev.command:dev", "Run a whole system on this machine, to try acc."),
}
"""Commands that were written one by one: where each is, and its line in the help."""

GENERATED = {resource.plural: resource.says for resource in RESOURCES}
"""One command for each type of resource, made from its description."""

LINES = {name: line for name, (_, line) in OWN.items()} | GENERATED
"""Every command, with its line in the help."""

INTRODUCTION = """\
Reach servers and services without a VPN.

Begin with `acc login`, then `acc targets list`, then `acc ssh NAME`. To try acc on one machine: `acc dev`.

ACC_ADDR, ACC_CACERT and ACC_TOKEN win over what `acc login` stored."""

OPTIONS = {"--version": "Show the version and exit.", "-h, --help": "Show this message and exit."}

_WIDTH = 78


def help_text() -> str:
    """What `acc --help` prints."""
    introduction = "\n\n".join(_filled(paragraph) for paragraph in INTRODUCTION.split("\n\n"))
    own = {name: line for name, (_, line) in OWN.items()}
    sections = [
        "Usage: acc [OPTIONS] COMMAND [ARGS]...",
        introduction,
        _section("Options", OPTIONS),
        _section("Commands", own),
        _section("Resources (list, read, create, update, delete and what else each can)", GENERATED),
    ]
    return "\n\n".join(sections)


def _section(title: str, entries: dict[str, str]) -> str:
    width = max(map(len, entries)) + 2
    return "\n".join([f"{title}:", *(f"  {name:{width}}{line}" for name, line in entries.items())])


def _filled(paragraph: str) -> str:
    lines = [""]
    for word in paragraph.split():
        if len(lines[-1]) + 1 + len(word) > _WIDTH:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}" if lines[-1] else f"  {word}"
    return "\n".join(lines)
