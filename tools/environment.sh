#!/usr/bin/env bash
# Makes .venv, or brings it up to date with pyproject.toml and constraints.txt.
#
# The interpreter is the distribution's where that is new enough: it is built with optimisations that a pyenv build
# lacks, and a person feels the start of `acc proxy` at each connection (docs/decisions/0004-interpreter.md).
set -euo pipefail
cd "$(dirname "$0")/.."

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
makes_venvs() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

interpreter() {
  local system=/usr/bin/python3
  if new_enough $system && ! makes_venvs $system && command -v apt-get >/dev/null; then
    if ((EUID == 0)); then
      echo "installing python3-venv" >&2
      DEBIAN_FRONTEND=noninteractive apt-get -qq update >&2 &&
        DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends python3-venv >&2 || true
    else
      echo "$system cannot make a venv (as root, run: apt-get install python3-venv); trying python3 on the PATH" >&2
    fi
  fi
  for candidate in $system python3; do
    if new_enough $candidate && makes_venvs $candidate; then
      echo $candidate
      return
    fi
  done
  echo "missing; acc needs Python 3.11 or newer with its venv module (Debian: apt-get install python3-venv)" >&2
  return 1
}

if ! .venv/bin/python -c 'import pip' 2>/dev/null; then
  python=$(interpreter)
  echo "making .venv with $("$python" -c 'import sys; print(sys.executable, sys.version.split()[0])'); this takes a minute" >&2
  "$python" -m venv --clear .venv
fi
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
.venv/bin/python -m pip install --quiet --upgrade 'pip>=25.1' # the first with --group
.venv/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[all]' --group dev
