#!/usr/bin/env bash
# Installs the programs that tests drive: Chromium with Chinese fonts, nginx, Redis, PostgreSQL, poppler; and packages.txt:
# what llama.cpp links to, and the data of Tesseract.
# Debian's own packages where this may install them; elsewhere Playwright's own Chromium. BROWSER_TESTS=0: no browser.
# ENGINES=1: Firefox and WebKitGTK too, with their drivers, and a Chinese input method, for the slow tests alone
# (120 MB, two minutes).
# Usage: install_programs.sh PYTHON, of the environment that Playwright is in.
set -euo pipefail
python=$1
packages=(nginx redis-server postgresql poppler-utils)
mapfile -t -O "${#packages[@]}" packages <"$(dirname "$0")/../packages.txt"
wants_browser=${BROWSER_TESTS:-1}

is_debian() { [[ -r /etc/os-release ]] && (. /etc/os-release && [[ $ID == debian ]]); }
has_chromium() { command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null
is_installed() { [[ $(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

if [[ $wants_browser != 0 ]] && is_debian; then packages+=(chromium chromium-headless-shell fonts-noto-cjk); fi
if [[ ${ENGINES:-0} == 1 ]] && is_debian; then
  packages+=(chromium-driver firefox-esr webkit2gtk-driver xvfb dbus ibus ibus-gtk3 ibus-libpinyin xdotool)
fi

if command -v apt-get >/dev/null && [[ $(id -u) == 0 ]]; then
  missing=()
  for package in "${packages[@]}"; do is_installed "$package" || missing+=("$package"); done
  if ((${#missing[@]})); then
    echo "Installing ${missing[*]} ..."
    export DEBIAN_FRONTEND=noninteractive
    policy=/usr/sbin/policy-rc.d # while it is there, no package starts its service
    if [[ ! -e $policy ]]; then
      printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy
      trap 'rm -f $policy' EXIT
    fi
    { apt-get update -qq && apt-get install -qq -y --no-install-recommends "${missing[@]}"; } >/dev/null ||
      echo "apt-get could not install ${missing[*]}: the tests that need them say so."
  fi
fi

if [[ $wants_browser != 0 ]] && ! has_chromium; then
  "$python" -m playwright install chromium || {
    echo "No Chromium: none is installed, and Playwright could not fetch its own." >&2
    echo "Install one, or leave the browser tests out: BROWSER_TESTS=0 make test" >&2
    exit 1
  }
fi
