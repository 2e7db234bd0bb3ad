"""What `acc` says when the controller is not there, not trusted or not a controller."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from acc.wire.errors import Code
from tests.conftest import Acc, System


class Answerer:
    """Answers each HTTP request with the same bytes."""

    def __init__(self) -> None:
        self.answer = b""
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            peer, _ = self._listener.accept()
            with peer:
                request = peer.recv(65536)
                if not request:
                    return
                self.requests.append(request)
                peer.sendall(self.answer)

    def close(self) -> None:
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join()
        self._listener.close()


@pytest.fixture
def answerer() -> Iterator[Answerer]:
    """A server that is no controller: it does not even speak TLS."""
    server = Answerer()
    yield server
    server.close()


def lines(code: Code) -> str:
    return f"({code.value})"


def test_without_a_profile_the_hint_is_to_log_in(acc: Acc) -> None:
    done = acc("targets", "list")

    assert done.returncode == Code.LOGIN_REQUIRED.exit_status
    assert done.stderr.startswith("acc: not logged in: ")
    assert done.stderr.endswith("(login_required)\n     run: acc login\n")
    assert done.stdout == ""


def test_a_controller_that_is_not_there_is_unreachable(acc: Acc) -> None:
    done = acc("targets", "list", ACC_ADDR="https://127.0.0.1:1", ACC_TOKEN="at_x_y")

    assert done.returncode == Code.CONTROLLER_UNREACHABLE.exit_status
    assert lines(Code.CONTROLLER_UNREACHABLE) in done.stderr


def test_an_error_of_the_system_is_words_and_no_number(acc: Acc) -> None:
    done = acc("targets", "list", ACC_ADDR="https://127.0.0.1:1", ACC_TOKEN="at_x_y")

    assert "https://127.0.0.1:1: Connection refused (" in done.stderr


def test_a_certificate_of_a_stranger_is_not_trusted(acc: Acc, system: System) -> None:
    done = acc("targets", "list", ACC_ADDR=system.api, ACC_TOKEN=system.env["ACC_TOKEN"])

    assert done.returncode == Code.UNTRUSTED.exit_status
    assert lines(Code.UNTRUSTED) in done.stderr


def test_a_token_is_sent_to_nobody_without_tls(acc: Acc, answerer: Answerer) -> None:
    done = acc("targets", "list", ACC_ADDR=f"https://127.0.0.1:{answerer.port}", ACC_TOKEN="at_x_secret")

    assert done.returncode == Code.UNTRUSTED.exit_status
    assert [request for request in answerer.requests if b"secret" in request] == []


def test_an_http_address_is_refused(acc: Acc) -> None:
    done = acc("targets", "list", ACC_ADDR="http://127.0.0.1:9200", ACC_TOKEN="at_x_y")

    assert done.returncode == Code.CONFIG.exit_status


def test_a_ca_file_that_is_none_is_named(acc: Acc, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("nothing")
    done = acc("targets", "list", ACC_ADDR="https://127.0.0.1:1", ACC_CACERT=str(file), ACC_TOKEN="at_x_y")

    assert done.returncode == Code.CONFIG.exit_status
    assert str(file) in done.stderr


def test_an_unknown_token_asks_for_a_login(system: System) -> None:
    done = system.acc("targets", "list", ACC_TOKEN="at_0000000000_nothing")

    assert done.returncode == Code.LOGIN_REQUIRED.exit_status
    assert "nothing" not in done.stderr
