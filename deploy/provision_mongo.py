"""The database: collections, indexes, and an account per service that can touch only its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pymongo import IndexModel, MongoClient
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import OperationFailure

from deploy.catalogue import CONSUMERS, collections
from deploy.services import SERVICES
from shared.settings import require

ACTIONS = ["find", "insert", "update", "remove"]
#: What is written once and stays so; answers go when they expire, by the server's own hand.
WRITTEN_ONCE = ("_history", "_requests", "_reference")
#: MongoDB's IndexOptionsConflict and IndexKeySpecsConflict.
OTHER_DEFINITION = (85, 86)


def password_of(account: str, kind: str, environ: Mapping[str, str]) -> str:
    """The account's password from the environment; exits naming the variable that is missing."""
    return require(f"{account.upper().replace('-', '_')}_{kind}_PASSWORD", environ=environ)[0]


def provision_mongo(uri: str, environ: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Make what is missing, bring roles and passwords up to date."""
    with MongoClient[dict[str, Any]](uri, serverSelectionTimeoutMS=30_000) as client:
        database = client.get_default_database()
        existing = set(database.list_collection_names())
        for account in (*SERVICES, *CONSUMERS):
            owned = collections(account)
            for name, indexes in owned.items():
                if name not in existing:
                    database.create_collection(name)
                for index in indexes:
                    _index(database[name], index, say)
            _account(database, account, list(owned), password_of(account, "MONGO", environ))
            say(f"database: {account} owns {', '.join(owned)}")


def actions(collection: str) -> list[str]:
    """What the owner of a collection may do there."""
    return ["find", "insert"] if collection.endswith(WRITTEN_ONCE) else ACTIONS


def _index(collection: Collection[dict[str, Any]], index: IndexModel, say: Callable[[str], None]) -> None:
    """Make the index; one of that name or on those fields is an older version's, and is replaced."""
    try:
        collection.create_indexes([index])
    except OperationFailure as error:
        if error.code not in OTHER_DEFINITION:
            raise
        wanted = index.document
        for name, known in collection.index_information().items():
            if name == wanted["name"] or dict(known["key"]) == dict(wanted["key"]):
                say(f"database: index {name} of {collection.name} has changed: made anew")
                collection.drop_index(name)
        collection.create_indexes([index])


def _account(database: Database[dict[str, Any]], name: str, owned: list[str], password: str) -> None:
    privileges = [{"resource": {"db": database.name, "collection": own}, "actions": actions(own)} for own in owned]
    known_role = database.command("rolesInfo", name)["roles"]
    database.command("updateRole" if known_role else "createRole", name, privileges=privileges, roles=[])
    known_user = database.command("usersInfo", name)["users"]
    database.command("updateUser" if known_user else "createUser", name, pwd=password, roles=[name])
