"""The SQL is what Postgres-compatible clusters run too: what they lack is in no query and in no migration.

What is looked at is every string of the controller's code that is SQL, and every migration, without its comments.
"""

import ast
import re
from collections.abc import Iterator

import pytest

from acc.controlplane.store.migrate import KNOWN
from tests.packaging.distribution import ROOT

CODE = ROOT / "controlplane/acc/controlplane"
LACKING = {
    "LISTEN and NOTIFY": r"\b(?:listen|unlisten|notify)\s+\w|\bpg_notify\b",
    "advisory locks": r"\bpg_(?:try_)?advisory",
    "extensions": r"\bcreate\s+extension\b",
    "triggers": r"\btrigger\b",
    "rules": r"\bcreate\s+(?:or\s+replace\s+)?rule\b",
    "procedures": r"\bcreate\s+(?:or\s+replace\s+)?(?:function|procedure)\b|\bdo\s+\$\$",
    "table locks": r"\block\s+table\b",
    "skipping locks": r"\bskip\s+locked\b|\bnowait\b",
    "cursors": r"\bdeclare\s+\w+\s+cursor\b|\bfetch\s+(?:next|first\s+from)\b",
    "types of extensions": r"\b(?:citext|hstore|ltree)\b",
    "unlogged and temporary tables": r"\b(?:unlogged|temp|temporary)\s+table\b",
    "large objects": r"\blo_\w+\(",
    "exclusion constraints": r"\bexclude\s+using\b",
    "deferrable constraints": r"\bdeferrable\b",
    "row identity": r"\b(?:ctid|xmin|oid)\b",
    "transactions of their own kind": r"\bprepare\s+transaction\b|\btxid_|\bpg_current_xact",
    "concurrent indexes": r"\bconcurrently\b",
    "tablespaces and inheritance": r"\btablespace\b|\binherits\b",
}
_SQL = re.compile(
    r"^\s*(?:select|insert|update|delete|with|create|alter|drop|set|merge|array\(|exists|from|where|order|join|left|and)\b",
    re.IGNORECASE,
)


def statements() -> Iterator[tuple[str, str]]:
    """Where each piece of SQL is, and its text in small letters."""
    for migration in KNOWN:
        yield migration.name, re.sub(r"--.*", "", migration.sql).lower()
    for module in sorted(CODE.rglob("*.py")):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _SQL.match(node.value):
                yield f"{module.name}:{node.lineno}", node.value.lower()


def test_the_queries_are_found() -> None:
    found = [text for _, text in statements()]

    assert len(found) > 100
    assert any("for update" in text for text in found)


@pytest.mark.parametrize("lacking", LACKING)
def test_nothing_uses_what_clusters_lack(lacking: str) -> None:
    used = [where for where, text in statements() if re.search(LACKING[lacking], text)]

    assert used == []


@pytest.mark.parametrize(
    ("lacking", "text"),
    [
        ("LISTEN and NOTIFY", "notify ends"),
        ("advisory locks", "select pg_try_advisory_lock(1)"),
        ("skipping locks", "select id from x for update skip locked"),
        ("triggers", "create trigger t after insert on x"),
        ("extensions", "create extension if not exists citext"),
        ("procedures", "create or replace function f() returns trigger"),
    ],
)
def test_what_clusters_lack_is_recognised(lacking: str, text: str) -> None:
    assert re.search(LACKING[lacking], text)
