#!/bin/sh
# Makes a node of this host from what lies beside this file, and from nothing else.
#
#   ./install.sh --key KEY DOMAIN [--tls own --certificate FILE --key FILE] [--dashboard DOMAIN]
#
# KEY is what `make bundle` printed, in base64, and has come by another way than this file. It is
# remembered: a later bundle of the same maker needs it no more. What is behind DOMAIN goes to
# ansible/add-host.
set -eu

HOME_OF_BUNDLE=/opt/pubky-bundle
KEPT_KEY=$HOME_OF_BUNDLE/key
unset CDPATH LANGUAGE
export LC_ALL=C.UTF-8

refuse() {
    echo "$*" >&2
    exit 1
}

[ "$(id -u)" = 0 ] || refuse "Run this as root: sudo ./install.sh ..."
for tool in openssl base64 sha256sum; do
    command -v "$tool" >/dev/null || refuse "$tool is missing, and without it nothing can be checked."
done

key=
if [ "${1:-}" = --key ]; then
    [ $# -ge 2 ] || refuse "Say the key: ./install.sh --key KEY DOMAIN"
    key=$2
    shift 2
elif [ -e "$KEPT_KEY" ]; then
    key=$(cat "$KEPT_KEY")
fi
[ -n "$key" ] || refuse "Say whose bundle this is to be: ./install.sh --key KEY DOMAIN, with the key that its maker told you."
case "${1:-}" in
    -*) refuse "Say which name the node has: ./install.sh --key KEY node.example.org" ;;
    '') [ -e "$HOME_OF_BUNDLE/inventories/this-machine.yml" ] ||
        refuse "Say which name the node has: ./install.sh --key KEY node.example.org" ;;
esac

# From here on a copy that nobody else can write to: what was checked is what is used.
umask 022
mkdir -p "$HOME_OF_BUNDLE/inventories"
mkdir -p -m 0700 "$HOME_OF_BUNDLE/secrets"
new=$HOME_OF_BUNDLE/unchecked
rm -rf "$new"
trap 'rm -rf "$new"' EXIT
# What is in the folder: of a link to it, cp would copy the link.
mkdir "$new"
cp -R --no-preserve=ownership "$(dirname "$0")/." "$new"
chmod -R go-w "$new"
cd "$new"

# An ed25519 key as openssl reads it: this much of ASN.1, then the 32 bytes.
public=$(mktemp)
trap 'rm -rf "$new" "$public"' EXIT
{
    printf '\060\052\060\005\006\003\053\145\160\003\041\000'
    printf '%s' "$key" | base64 -d 2>/dev/null || true
} >"$public"
[ "$(wc -c <"$public")" = 44 ] || refuse "This is no key: 44 characters that end in = are expected."
openssl pkeyutl -verify -pubin -keyform DER -inkey "$public" -rawin \
    -in SHA256SUMS -sigfile SHA256SUMS.sig >/dev/null 2>&1 ||
    refuse "SHA256SUMS is not signed with this key. Nothing was installed; take the bundle from its maker anew."

wrong=$(sha256sum --check --quiet --strict SHA256SUMS 2>/dev/null | sed 's/: FAILED.*//') || true
[ -z "$wrong" ] || refuse "Changed since it was signed: $(echo $wrong). Nothing was installed."
# A file that was added would be read just as well, and a link may lead anywhere.
added=$(find . ! -type d ! -path ./SHA256SUMS ! -path ./SHA256SUMS.sig -print | sort |
    while IFS= read -r file; do
        [ -f "$file" ] && [ ! -L "$file" ] && grep -qxF "$(sha256sum <"$file" | cut -d' ' -f1)  $file" SHA256SUMS ||
            echo "$file"
    done)
[ -z "$added" ] || refuse "Not signed: $(echo $added). Nothing was installed."
echo "Signature and sums are in order."

read -r suite arch <target
. /etc/os-release
[ "${VERSION_CODENAME:-} $(dpkg --print-architecture)" = "$suite $arch" ] ||
    refuse "This bundle is for $suite on $arch; this host has ${VERSION_CODENAME:-another system} on $(dpkg --print-architecture). Make another: make bundle SUITE= ARCH="

printf '%s\n' "$key" >"$KEPT_KEY"
rm -rf "$HOME_OF_BUNDLE/current"
mv "$new" "$HOME_OF_BUNDLE/current"
cd "$HOME_OF_BUNDLE/current"
ln -s ../../../inventories ansible/inventories/mine
ln -s ../../secrets ansible/secrets
# Trusted because the sums of all of its files held.
echo "deb [trusted=yes] file:$HOME_OF_BUNDLE/current/debs ./" >"$HOME_OF_BUNDLE/bundle.list"
export APT_CONFIG="$HOME_OF_BUNDLE/current/ansible/bundle/apt.conf" DEBIAN_FRONTEND=noninteractive

echo "Installing what Ansible needs"
apt-get update -qq
apt-get install -y -qq --no-install-recommends python3 python3-apt python3-venv >/dev/null
venv=$HOME_OF_BUNDLE/venv
wanted=$(sha256sum <ansible/requirements.lock)
if [ "$(cat "$venv/complete" 2>/dev/null)" != "$wanted" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-index --require-hashes \
        --find-links wheels/ansible -r ansible/requirements.lock
    echo "$wanted" >"$venv/complete"
fi

settings=$HOME_OF_BUNDLE/inventories/this-machine.yml
if [ -e "$settings" ]; then
    echo "Settings of before: $settings. To change them, change that file and run this again."
else
    python3 ansible/add-host this-machine local "$@"
fi
cd ansible
# Who runs this is root already, and another program in between would lose apt's settings.
exec "$venv/bin/ansible-playbook" site.yml --limit this-machine -e ansible_become=false \
    -e pubky_app_wheel="$(ls "$PWD"/../*.whl)" -e pubky_app_wheelhouse="$PWD/../wheels/node"
