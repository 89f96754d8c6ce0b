from __future__ import annotations

import pytest

from shared.settings import PERMISSIONS, MissingSettings, Settings, permissions_of, require

GIVEN = {
    "LOOPDESK_AMQP_URI": "amqp://intake:x@rabbitmq/loopdesk",
    "LOOPDESK_MONGO_URI": "mongodb://intake:x@mongo/loopdesk",
    "LOOPDESK_PERMISSIONS": "callcentre=submit,read; operator=administer",
}


def test_settings_come_from_the_environment() -> None:
    settings = Settings.load(GIVEN | {"LOOPDESK_MAX_WORKERS": "3", "LOOPDESK_HEARTBEAT": "2"})
    assert settings.amqp_uri == GIVEN["LOOPDESK_AMQP_URI"]
    assert settings.permissions == {"callcentre": frozenset({"submit", "read"}), "operator": frozenset({"administer"})}
    assert (settings.max_workers, settings.heartbeat, settings.log_level) == (3, 2, "INFO")


def test_all_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(MissingSettings) as missing:
        Settings.load({"LOOPDESK_MONGO_URI": "", "LOOPDESK_PERMISSIONS": "a=read"})
    assert "LOOPDESK_AMQP_URI, LOOPDESK_MONGO_URI" in str(missing.value)
    assert "LOOPDESK_PERMISSIONS" not in str(missing.value)


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("LOOPDESK_MAX_WORKERS", "many", "many"),
        ("LOOPDESK_HEARTBEAT", "1.5", "1.5"),
        ("LOOPDESK_PERMISSIONS", "callcentre", "callcentre"),
        ("LOOPDESK_PERMISSIONS", "callcentre=submit,fly", "fly"),
        ("LOOPDESK_PERMISSIONS", "=submit", "=submit"),
        ("LOOPDESK_PERMISSIONS", "call.centre=submit", "call.centre"),
    ],
)
def test_what_is_malformed_is_named(name: str, value: str, named: str) -> None:
    with pytest.raises(MissingSettings) as malformed:
        Settings.load(GIVEN | {name: value})
    assert named in str(malformed.value)


def test_missing_settings_end_the_process() -> None:
    assert issubclass(MissingSettings, SystemExit)
    assert require("A", "B", environ={"A": "1", "B": "2"}) == ["1", "2"]


def test_every_permission_may_be_given() -> None:
    assert permissions_of(f"all={','.join(PERMISSIONS)}") == {"all": PERMISSIONS}
    assert permissions_of("") == {}
