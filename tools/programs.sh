#!/usr/bin/env bash
# Sees to it that the named programs are here: installs what is missing where that needs no question (root, apt-get),
# else names the packages in one line and fails.
set -euo pipefail

declare -A package=(
  [bash]=bash
  [cc]='gcc libc6-dev'
  [fish]=fish
  [git]=git
  [haproxy]=haproxy
  [nc]=netcat-openbsd
  [rsync]=rsync
  [socat]=socat
  [ss]=iproute2
  [ssh]=openssh-client
  [sshd]=openssh-server
  [zsh]=zsh
)

PATH=$PATH:/usr/sbin:/sbin # a plain user's PATH may lack them, and sshd and haproxy are there
missing=()
for program in "$@"; do
  read -ra packages <<<"${package[$program]}"
  command -v "$program" >/dev/null || missing+=("${packages[@]}")
done
if ((${#missing[@]} == 0)); then
  exit 0
fi
if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
  echo "missing; as root, run: apt-get install ${missing[*]}" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
echo "installing ${missing[*]}" >&2
apt-get -qq update
apt-get -qq install --yes --no-install-recommends "${missing[@]}" >/dev/null
