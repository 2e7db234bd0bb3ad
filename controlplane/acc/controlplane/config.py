"""The controller's settings, all from the environment, read once.

Rule: a setting that cannot be used stops the program with `Code.CONFIG` and the name of the variable.
The database's URL may hold a password: it is in no repr and in no message.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from acc.wire.errors import AccError, Code
from acc.wire.names import join_address


@dataclass(frozen=True, slots=True)
class Listen:
    """An address to listen on. Port 0 lets the system choose."""

    host: str
    port: int

    def __str__(self) -> str:
        return join_address(self.host, self.port)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What `acc-controller` is told."""

    database_url: str = field(repr=False)
    api: Listen
    worker_link: Listen
    health: Listen
    public_names: tuple[str, ...]


def read_config(environment: Mapping[str, str]) -> Config:
    """The settings in `environment`. Raises AccError(CONFIG) that names the variable."""
    database_url = environment.get("ACC_DATABASE_URL", "")
    if not database_url.startswith(("postgresql://", "postgres://")):
        raise AccError(Code.CONFIG, "ACC_DATABASE_URL must be a postgresql:// URL")
    names = environment.get("ACC_PUBLIC_NAMES", "localhost,127.0.0.1,::1")
    public_names = tuple(name.strip() for name in names.split(",") if name.strip())
    if not public_names or any(len(name) > 253 for name in public_names):
        raise AccError(Code.CONFIG, "ACC_PUBLIC_NAMES must list the names or addresses that others dial")
    return Config(
        database_url=database_url,
        api=_listen(environment, "ACC_API_LISTEN", "127.0.0.1:9200"),
        worker_link=_listen(environment, "ACC_WORKER_LISTEN", "127.0.0.1:9201"),
        health=_listen(environment, "ACC_HEALTH_LISTEN", "127.0.0.1:9203"),
        public_names=public_names,
    )


def _listen(environment: Mapping[str, str], variable: str, default: str) -> Listen:
    host, _, port = environment.get(variable, default).rpartition(":")
    if not host or not (port.isascii() and port.isdigit() and int(port[:6]) < 65536):
        raise AccError(Code.CONFIG, f"{variable} must be host:port")
    return Listen(host.removeprefix("[").removesuffix("]"), int(port))
