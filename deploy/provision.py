"""What must exist before the services run: broker objects, accounts, permissions, indexes. Safe to run again.

Reads LOOPDESK_AMQP_ADMIN_URI, LOOPDESK_MANAGEMENT_URI, LOOPDESK_MONGO_ADMIN_URI, LOOPDESK_PERMISSIONS and a password
per account (docker-compose.yml names them all); `<ACCOUNT>_AMQP_PASSWORD` and `<ACCOUNT>_MONGO_PASSWORD`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from deploy.provision_broker import provision_broker
from deploy.provision_mongo import provision_mongo
from shared.settings import permissions_of, require


def main(say: Callable[[str], None] = print, environ: Mapping[str, str] = os.environ) -> None:
    """Provision broker and database; exits naming what is missing in the environment."""
    amqp, management, mongo, permissions = require(
        "LOOPDESK_AMQP_ADMIN_URI",
        "LOOPDESK_MANAGEMENT_URI",
        "LOOPDESK_MONGO_ADMIN_URI",
        "LOOPDESK_PERMISSIONS",
        environ=environ,
    )
    clients = sorted(permissions_of(permissions))
    provision_mongo(mongo, environ, say)
    provision_broker(amqp, management, clients, environ, say)


if __name__ == "__main__":
    main()
