"""Lists, page by page."""

import json
from collections.abc import Iterator

import pytest

from acc.cli.controller import Item
from acc.cli.resource.output import Output, limited
from acc.wire.directory.people import GROUP
from acc.wire.errors import AccError, Code
from tests.conftest import Acc


@pytest.fixture(autouse=True)
def nobody(acc: Acc, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process has a home of its own, and a controller."""
    for name, value in (acc.env | {"ACC_ADDR": "https://127.0.0.1:1", "ACC_TOKEN": "at_0000000001_x"}).items():
        monkeypatch.setenv(name, value)


def group(name: str) -> Item:
    return {"id": f"g_{name}", "name": name}


def test_a_page_is_shown_before_the_next_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    shown: list[str] = []

    def pages() -> Iterator[list[Item]]:
        yield [group("first")]
        shown.append(capsys.readouterr().out)
        yield [group("second")]

    Output(GROUP, "table").many(pages())

    assert "first" in shown[0]
    assert capsys.readouterr().out.split() == ["g_second", "second"]


def test_a_later_page_keeps_the_columns(capsys: pytest.CaptureFixture[str]) -> None:
    Output(GROUP, "table").many([[group("a-long-name")], [group("b")]])
    first, second = capsys.readouterr().out.splitlines()[1:]

    assert second.index("b") == first.index("a-long-name")


def test_json_is_whole_or_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    def pages() -> Iterator[list[Item]]:
        yield [group("first")]
        raise AccError(Code.CONTROLLER_UNREACHABLE)

    with pytest.raises(AccError):
        Output(GROUP, "json").many(pages())
    assert capsys.readouterr().out == ""


def test_json_of_many_pages_is_one_list(capsys: pytest.CaptureFixture[str]) -> None:
    Output(GROUP, "json").many([[group("a")], [group("b")]])

    assert json.loads(capsys.readouterr().out) == {"items": [group("a"), group("b")]}


def test_what_has_no_name_is_called_by_its_id(capsys: pytest.CaptureFixture[str]) -> None:
    Output(GROUP, "name").many([[group("a"), {"id": "g_2"}]])

    assert capsys.readouterr().out == "a\ng_2\n"


def test_a_name_cannot_colour_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Output(GROUP, "name").many([[group("\x1b[31mred")]])

    assert capsys.readouterr().out == "\\x1b[31mred\n"


@pytest.mark.parametrize(("limit", "sizes"), [(None, [2, 2]), (1, [1]), (2, [2]), (3, [2, 1]), (9, [2, 2])])
def test_a_limit_asks_for_no_page_too_many(limit: int | None, sizes: list[int]) -> None:
    pages = [[group("a"), group("b")], [group("c"), group("d")]]

    assert [len(page) for page in limited(pages, limit)] == sizes
