"""The worker's settings: the command line wins over the file, the file over the default."""

from pathlib import Path

import pytest

from acc.wire.errors import AccError
from acc.wire.settings import Listen
from acc.worker.config import read_config, read_settings


def test_the_file_and_the_command_line_together(tmp_path: Path) -> None:
    file = tmp_path / "worker.toml"
    file.write_text('state = "/var/lib/acc-worker"\nlisten = "0.0.0.0:1"\nhold = 30\n')
    config = read_config(read_settings(file, {"--listen": "[::]:0"}))

    assert config.state == Path("/var/lib/acc-worker")
    assert config.listen == Listen("::", 0)
    assert config.hold == 30
    assert config.health == Listen("127.0.0.1", 9204)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("state = '/x'\nhold = 0", "a number from 1 to 3600"),
        ("hould = 1", "did you mean 'hold'"),
        ("", "state (--state) is not set"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, written: str, words: str) -> None:
    file = tmp_path / "worker.toml"
    file.write_text(written)
    with pytest.raises(AccError) as refused:
        read_settings(file, {})

    assert words in refused.value.detail
