#!/bin/bash
# docker-compose.yml for real: up, one ticket from submission to closure, dispatch scaled to two, down and up again with
# the data, down for good. Needs `docker compose` and free ports 5672 and 15672 (or LOOPDESK_AMQP_PORT …).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

deploy/setup.sh > /dev/null

env=$(mktemp)
trap 'docker compose --env-file "$env" down --volumes --timeout 30 > /dev/null 2>&1; rm -f "$env"' EXIT
sed -E "s/^([A-Z_]+)=$/\1=$(openssl rand -hex 24)/" .env.example > "$env"
sed -i 's#^SMTP_URI=.*#SMTP_URI=smtp://mailbox:2525#; s/^SMTP_FROM=.*/SMTP_FROM=loopdesk@example.com/' "$env"
export COMPOSE_ENV_FILES=$env COMPOSE_PROFILES=local COMPOSE_PROJECT_NAME=loopdesk-try
set -a; . "$env"; set +a
round() { .venv/bin/python -m tests.compose.one_round "$@"; }
compose() { docker compose --env-file "$env" "$@"; }
up() {   # quiet, unless it fails: then what the containers said
    compose up --detach --wait "$@" > /dev/null 2>&1 && return
    compose ps --all
    compose logs --no-color --tail 20
    return 1
}
step() { printf '\n== %3ds %s\n' "$SECONDS" "$*"; }

step "build and up"
up --build
compose ps --all --format 'table {{.Service}}\t{{.Status}}'
step "one ticket"
first=$(round)
echo "$first is closed"
step "dispatch and its worker scaled to two"
up --no-recreate --scale dispatch=2 --scale dispatch-worker=2
compose ps --format 'table {{.Name}}\t{{.Status}}' dispatch dispatch-worker
second=$(round)
echo "$second is closed"
step "the operators' command line"
compose run --rm loopdesk status
step "down, the data stay"
compose down --timeout 30 > /dev/null 2>&1
step "up again"
up
round --look "$first"
round --look "$second"
step "and one more ticket"
echo "$(round) is closed"
step "image"
docker image inspect loopdesk --format '{{.Size}} bytes, user {{.Config.User}}'
