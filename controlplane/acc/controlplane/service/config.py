"""The controller's settings: every key, its default and its bounds, and the one value that is made of them.

They are read once, from a TOML file and from the environment, where `api.listen` is ACC_API_LISTEN; the environment
wins. Rule: a setting that cannot be used stops the program with `Code.CONFIG` and the names of key and variable. A
variable that is none of acc's does not, because the environment belongs to others too; `variables` names them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import combinations
from pathlib import Path
from typing import TypeVar, cast
from urllib.parse import urlsplit

from acc.controlplane.service.secret import Secret, secret
from acc.wire.errors import AccError, Code
from acc.wire.settings import Key, Kind, Listen, Settings, address, load, number, text, words

DEFAULT_FILE = Path("/etc/acc/controller.toml")

T = TypeVar("T")
Network = IPv4Network | IPv6Network


def _variable(name: str) -> str:
    return "ACC_" + name.upper().replace(".", "_")


def _key(name: str, kind: Kind[T], default: object, about: str, unit: str = "") -> Key[T]:
    return Key(name, kind, default, about, _variable(name), unit)


def _is_path(value: str) -> bool:
    return not value or value.startswith("/")


def _networks() -> Kind[tuple[Network, ...]]:
    """A list of networks, which may be empty; in an override, with commas between them."""

    def check(value: object) -> tuple[Network, ...]:
        if not isinstance(value, list):
            raise ValueError  # noqa: TRY004 (what every kind raises)
        return tuple(ip_network(str(one)) for one in cast("list[object]", value))

    def read(line: str) -> object:
        return [one.strip() for one in line.split(",")] if line else []

    return Kind('a list of networks, as "10.0.0.0/8"', check, read)


_FILE = text("an absolute path, or empty", _is_path)

DATABASE_URL = _key(
    "database.url",
    secret("a postgresql:// URL"),
    None,
    "Where Postgres is. Several hosts may be named, `postgresql://user@a,b/acc?target_session_attrs=read-write`.",
)
DATABASE_POOL = _key("database.pool", number(2, 500), 10, "How many connections to Postgres this controller opens.")
ADMIN_PASSWORD = _key(
    "admin.password", secret("a password"), "", "The password that `init` and `recover-admin` give to an administrator."
)
PUBLIC_NAMES = _key(
    "public.names",
    words("a list of the names or addresses that others dial", lambda name: len(name) <= 253),
    ["localhost", "127.0.0.1", "::1"],
    "What this controller's own certificate names: every name and address that clients and workers dial.",
)
API_LISTEN = _key("api.listen", address(), "127.0.0.1:9200", "Where the API listens.")
API_TRUSTED_PROXIES = _key(
    "api.trusted_proxies",
    _networks(),
    [],
    "Where load balancers are that begin each connection to the API with its client's address, in PROXY protocol v2.",
)
WORKER_LISTEN = _key("worker.listen", address(), "127.0.0.1:9201", "Where the workers' link listens.")
HEALTH_LISTEN = _key(
    "health.listen", address(), "127.0.0.1:9203", "Where `/health`, `/ready` and `/metrics` are, without TLS."
)
TLS_CERTIFICATE = _key(
    "tls.certificate",
    _FILE,
    "",
    "The API's certificate with its chain, as PEM, where it shall not be the cluster's own. Read again at SIGHUP.",
)
TLS_KEY = _key("tls.key", _FILE, "", "The private key of `tls.certificate`, as PEM without a passphrase.")
DRAIN_SECONDS = _key(
    "drain.seconds",
    number(0, 600),
    0,
    "How long a controller that was told to stop serves on, not ready, until load balancers have noticed.",
    "seconds",
)
AUDIT_SINKS = _key(
    "audit.sinks",
    text("a list of sinks, separated by commas", lambda value: len(value) <= 4096),
    "",
    "Where audit events go besides the database: `stdout`, `file:/path`, `syslog:/dev/log`, `syslog:udp://host:port`.",
)
LIMIT_SECONDS = _key("limits.seconds", number(1, 3600), 30, "In which time the limits on requests count.", "seconds")
LIMIT_TOTAL = _key("limits.total", number(1, 10**9), 30000, "Requests of everybody together.", "requests")
LIMIT_ADDRESS = _key(
    "limits.address",
    number(1, 10**9),
    30000,
    "Requests from one address that come without a login, or with one that was never seen to be good.",
    "requests",
)
LIMIT_TOKEN = _key("limits.token", number(1, 10**9), 3000, "Requests of one login.", "requests")
LIMIT_LIST_TOTAL = _key("limits.list_total", number(1, 10**9), 15000, "Lists, of everybody together.", "requests")
LIMIT_LIST_ADDRESS = _key("limits.list_address", number(1, 10**9), 15000, "Lists, as `limits.address`.", "requests")
LIMIT_LIST_TOKEN = _key("limits.list_token", number(1, 10**9), 1500, "Lists of one login.", "requests")
LIMIT_LOGINS = _key(
    "limits.logins", number(1, 10**6), 30, "Attempts to log in with one login name from one address.", "attempts"
)
LIMIT_LOGINS_ADDRESS = _key(
    "limits.logins_address",
    number(1, 10**6),
    120,
    "Attempts to log in from one address, whatever the names: each costs the controller a sixth of a second of a core.",
    "attempts",
)
LIMIT_CALLERS = _key(
    "limits.callers",
    number(100, 10**7),
    20000,
    "How many callers are counted at once, which bounds the memory for it; the one not heard of longest is forgotten.",
    "callers",
)

KEYS: Sequence[Key[object]] = (
    DATABASE_URL,
    DATABASE_POOL,
    ADMIN_PASSWORD,
    PUBLIC_NAMES,
    API_LISTEN,
    API_TRUSTED_PROXIES,
    WORKER_LISTEN,
    HEALTH_LISTEN,
    TLS_CERTIFICATE,
    TLS_KEY,
    DRAIN_SECONDS,
    AUDIT_SINKS,
    LIMIT_SECONDS,
    LIMIT_TOTAL,
    LIMIT_ADDRESS,
    LIMIT_TOKEN,
    LIMIT_LIST_TOTAL,
    LIMIT_LIST_ADDRESS,
    LIMIT_LIST_TOKEN,
    LIMIT_LOGINS,
    LIMIT_LOGINS_ADDRESS,
    LIMIT_CALLERS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """How many requests a time of `Limits.seconds` has room for."""

    total: int
    address: int
    token: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds on requests."""

    seconds: int
    requests: Quotas
    lists: Quotas
    logins: int
    logins_address: int
    callers: int


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """The API's certificate, where it is not the cluster's own."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What `acc-controller` is told."""

    database_url: str = field(repr=False)
    database_pool: int
    admin_password: Secret
    api: Listen
    trusted_proxies: tuple[Network, ...]
    worker_link: Listen
    health: Listen
    public_names: tuple[str, ...]
    certificate: CertificateFiles | None
    drain_seconds: int
    audit_sinks: str
    limits: Limits


def read_settings(file: Path | None, environment: Mapping[str, str]) -> Settings:
    """Every key's value, from `file` (or the default one, where there is one) and the environment."""
    chosen = file or DEFAULT_FILE
    try:
        document = chosen.read_bytes() if file is not None or chosen.exists() else b""
    except OSError as cause:
        raise AccError(Code.CONFIG, f"cannot read {chosen}: {cause.strerror}") from None
    return load(KEYS, document, str(chosen), environment)


def read_config(settings: Settings, environment: Mapping[str, str]) -> Config:
    """The settings as the program uses them. Raises AccError(CONFIG) for what cannot be used."""
    url = settings[DATABASE_URL].reveal(environment)
    if not _is_database(url):
        raise AccError(Code.CONFIG, f"{DATABASE_URL.name} ({DATABASE_URL.override}) must be a postgresql:// URL")
    _check_listeners(settings)
    return Config(
        database_url=url,
        database_pool=settings[DATABASE_POOL],
        admin_password=settings[ADMIN_PASSWORD],
        api=settings[API_LISTEN],
        trusted_proxies=settings[API_TRUSTED_PROXIES],
        worker_link=settings[WORKER_LISTEN],
        health=settings[HEALTH_LISTEN],
        public_names=settings[PUBLIC_NAMES],
        certificate=_certificate(settings[TLS_CERTIFICATE], settings[TLS_KEY]),
        drain_seconds=settings[DRAIN_SECONDS],
        audit_sinks=settings[AUDIT_SINKS],
        limits=Limits(
            seconds=settings[LIMIT_SECONDS],
            requests=Quotas(total=settings[LIMIT_TOTAL], address=settings[LIMIT_ADDRESS], token=settings[LIMIT_TOKEN]),
            lists=Quotas(
                total=settings[LIMIT_LIST_TOTAL],
                address=settings[LIMIT_LIST_ADDRESS],
                token=settings[LIMIT_LIST_TOKEN],
            ),
            logins=settings[LIMIT_LOGINS],
            logins_address=settings[LIMIT_LOGINS_ADDRESS],
            callers=settings[LIMIT_CALLERS],
        ),
    )


def _check_listeners(settings: Settings) -> None:
    """Raises AccError(CONFIG) for two that want the same address; ports that the system chooses are never the same."""
    for one, other in combinations((API_LISTEN, WORKER_LISTEN, HEALTH_LISTEN), 2):
        if settings[one].port and _overlap(settings[one], settings[other]):
            raise AccError(
                Code.CONFIG,
                f"{one.name} ({one.override}) and {other.name} ({other.override}) are both {settings[one].port} at"
                f" {settings[one].host}: each listens at a port of its own",
            )


def _overlap(one: Listen, other: Listen) -> bool:
    """Whether the system could not give both: the same port at one address, or at all addresses of a family."""
    everywhere = "::" if ":" in one.host + other.host else "0.0.0.0"  # noqa: S104 (recognised, not bound)
    same = one.host == other.host or (everywhere in {one.host, other.host} and (":" in one.host) == (":" in other.host))
    return one.port == other.port and same


def _is_database(url: str) -> bool:
    """Whether it is a URL of Postgres, whose ports, of which it may have many, are ports."""
    try:
        parts = urlsplit(url)
        for host in parts.netloc.rpartition("@")[2].split(","):
            _ = urlsplit(f"//{host}").port
    except ValueError:
        return False
    return parts.scheme in {"postgresql", "postgres"} and url.startswith(f"{parts.scheme}://")


def show(settings: Settings) -> str:
    """What is in force, a line a key, without secrets."""
    lines = [f"{key.name} = {_shown(settings[key])}  # {settings.origins[key.name]}" for key in KEYS]
    return "\n".join(lines)


def _shown(value: object) -> str:
    match value:
        case Secret(""):
            return '""'
        case Secret():
            return "(secret)"
        case tuple():
            items = cast("tuple[object, ...]", value)  # of names or networks
            return "[" + ", ".join(f'"{one}"' for one in items) + "]"
        case int():
            return str(value)
        case _:
            return f'"{value}"'


def _certificate(certificate: str, key: str) -> CertificateFiles | None:
    if bool(certificate) is not bool(key):
        raise AccError(Code.CONFIG, f"{TLS_CERTIFICATE.name} and {TLS_KEY.name} are set together, or neither is")
    return CertificateFiles(Path(certificate), Path(key)) if certificate else None
