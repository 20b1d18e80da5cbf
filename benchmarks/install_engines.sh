#!/usr/bin/env bash
# Install what the voices need beyond Python packages: Debian's engines, and MBROLA's voices, which benchmarks alone hear.
# `.ci/run` and `python -m benchmarks voices` call it. Not root, or not Debian: it says what stays missing and ends well.
set -euo pipefail

packages=(
  flite festival festvox-kallpc16k festvox-kdlpc16k festvox-us-slt-hts
  librhvoice5 rhvoice-english # Debian's non-free: some of the voices may not be sold
  espeak-ng mbrola mbrola-en1 mbrola-us1 mbrola-us2 mbrola-us3
  mbrola-de1 mbrola-de2 mbrola-de3 mbrola-de4 mbrola-de5 mbrola-de6 mbrola-de7 mbrola-es1 mbrola-es2
  mbrola-fr1 mbrola-fr2 mbrola-fr3 mbrola-fr4 mbrola-it3 mbrola-it4 mbrola-nl2 mbrola-tr1 mbrola-tr2
  "$@"
)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ "${#missing[@]}" -gt 0 ] || exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "Not root, or no apt: ${missing[*]} stay missing, and what needs them is left out." >&2
  exit 0
fi

# contrib and non-free are in apt's sources for as long as this takes.
export DEBIAN_FRONTEND=noninteractive
extra=/etc/apt/sources.list.d/wakegen-engines.list
if grep -q '^ID=debian$' /etc/os-release; then
  release=$(. /etc/os-release && echo "$VERSION_CODENAME")
  key=/usr/share/keyrings/debian-archive-keyring.gpg
  # apt refuses one archive under two keys, so the key is stated where the sources state it already.
  signed=""
  ! grep -rqs "$key" /etc/apt/sources.list /etc/apt/sources.list.d || signed="[signed-by=$key] "
  trap 'rm -f "$extra"' EXIT
  echo "deb ${signed}http://deb.debian.org/debian $release contrib non-free" >"$extra"
fi
apt-get update -qq
found=()
for package in "${missing[@]}"; do
  if apt-cache show "$package" >/dev/null 2>&1; then
    found+=("$package")
  else
    echo "There is no package $package here: what needs it is left out." >&2
  fi
done
[ "${#found[@]}" -eq 0 ] || apt-get install -y -qq --no-install-recommends "${found[@]}"
