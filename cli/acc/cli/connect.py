"""`acc connect`: a port on this machine that leads to a target.

Rule: the port is on loopback and nowhere else, because whoever reaches it is let through as the person who opened
it. One connection's trouble is told on stderr and ends that connection; the port stays. With a command, its exit
status is ours.
"""

import ipaddress
import select
import signal
import sys
from collections.abc import AsyncIterator
from functools import partial

import click
import trio

from acc.cli import loop, terminal
from acc.cli.access import Access
from acc.cli.forward import forward
from acc.cli.kinds import TARGET, Kind
from acc.cli.tickets import Destination
from acc.wire.buffers import Buffers
from acc.wire.errors import AccError, Code
from acc.wire.names import join_address, parse_port

MAX_CONNECTIONS = 256
DRAIN_SECONDS = 30.0
"""How long the connections of a command that has ended may take to end as well."""

KILLED = 128
"""A command killed by signal n counts as status 128 + n, as in a shell."""

Address = tuple[str, int]

_STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _WithCommand(click.Command):
    """What follows `--` is another program's, whatever it looks like, and reaches `connect` as `ctx.obj`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ours, command = args, list[str]()
        if "--" in args:
            place = args.index("--")
            ours, command = args[:place], args[place + 1 :]
            if not command:
                raise click.UsageError("there is no command after --", ctx)
        ctx.obj = tuple(command)
        return super().parse_args(ctx, ours)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[-- CMD...]"]


@click.command(cls=_WithCommand)
@click.argument("name", type=TARGET)
@click.argument("port", required=False)
@click.option(
    "--host", type=Kind("host"), metavar="HOST", help="One of the target's hosts, by name or id, where it has several."
)
@click.option("--listen", default="127.0.0.1:0", metavar="HOST:PORT", help="Where to listen; loopback only.")
@click.pass_obj
def connect(command: tuple[str, ...], name: str, port: str | None, host: str | None, listen: str) -> None:
    """Open a local port that leads to a target.

    PORT is one of the ports that the target allows; without it, the target's own. Without CMD the port stays until
    Ctrl-C. With CMD, `{host}` and `{port}` in it become the local port's, and acc leaves with its exit status.

    \b
    acc connect db-1 -- psql -h {host} -p {port} app
    """
    address = _loopback(listen)
    target_port = None
    if port is not None:
        target_port = parse_port(port)
        if target_port is None:
            raise click.BadParameter(f"{port!r} is not a port")
    sys.exit(loop.run(_connect, Destination(name, target_port, host), address, command))


async def _connect(destination: Destination, address: Address, command: tuple[str, ...]) -> int:
    access = Access(destination)
    await access.grant()  # what is refused is refused now, not at the first connection
    handler = partial(_serve, access, Buffers(), trio.CapacityLimiter(MAX_CONNECTIONS))
    with loop.receiving(*_STOP) as signals:
        async with trio.open_nursery() as nursery:
            async with trio.open_nursery() as connections:
                async with trio.open_nursery() as listening:
                    listener = await _listen(address)
                    serve = partial(trio.serve_listeners, handler, [listener], handler_nursery=connections)
                    listening.start_soon(serve)
                    status = await _until_the_end(command, listener, signals)
                    listening.cancel_scope.cancel()
                # All that a command has sent is to arrive, so what it has left open may end by itself.
                connections.cancel_scope.deadline = trio.current_time() + (DRAIN_SECONDS if command else 0)
                nursery.start_soon(_cancel_at_signal, signals, connections.cancel_scope)
            nursery.cancel_scope.cancel()
    return status


async def _until_the_end(command: tuple[str, ...], listener: trio.SocketListener, signals: AsyncIterator[int]) -> int:
    """Serve until the command has ended or, without one, a signal comes; our exit status."""
    host, port, *_ = listener.socket.getsockname()
    if not command:
        click.echo(f"listening on {join_address(host, port)}")
        await anext(signals)
        return 0
    status = await _run([word.replace("{host}", host).replace("{port}", str(port)) for word in command], signals)
    while select.select([listener.socket], [], [], 0)[0]:
        await trio.lowlevel.checkpoint()  # it has connected and gone before we accepted
    return status


async def _cancel_at_signal(signals: AsyncIterator[int], scope: trio.CancelScope) -> None:
    await anext(signals)
    scope.cancel()


async def _serve(access: Access, buffers: Buffers, limit: trio.CapacityLimiter, local: trio.SocketStream) -> None:
    async with limit:
        try:
            await forward(local, access, buffers)
        except AccError as error:
            terminal.note(*error.lines())


async def _run(command: list[str], signals: AsyncIterator[int]) -> int:
    """The exit status of `command`. It gets SIGINT from the terminal as we do; the other signals are passed on."""
    try:
        process = await trio.lowlevel.open_process(command, stdin=None)
    except OSError as error:
        raise AccError(Code.CONFIG, f"cannot run {command[0]}: {error.strerror}") from None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_pass_on, signals, process)
        status = await process.wait()
        nursery.cancel_scope.cancel()
    return KILLED - status if status < 0 else status


async def _pass_on(signals: AsyncIterator[int], process: trio.Process) -> None:
    async for number in signals:
        if number != signal.SIGINT:
            process.send_signal(number)


async def _listen(address: Address) -> trio.SocketListener:
    host, port = address
    try:
        (listener,) = await trio.open_tcp_listeners(port, host=host)
    except OSError as error:
        raise AccError(Code.CONFIG, f"cannot listen on {join_address(host, port)}: {error.strerror}") from None
    return listener


def _loopback(text: str) -> Address:
    """The address in `text`, `HOST:PORT` with port 0 for any, if it is on loopback."""
    host, _, port_text = text.rpartition(":")
    port = 0 if port_text == "0" else parse_port(port_text)
    if host == "localhost":
        host = "127.0.0.1"
    try:
        ip = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        ip = None
    if ip is None or port is None:
        raise AccError(Code.CONFIG, f"--listen must look like 127.0.0.1:8022, not {text[:100]!r}")
    if not ip.is_loopback:
        raise AccError(Code.CONFIG, f"--listen takes loopback addresses only, and {ip} is not one")
    return str(ip), port
