import pytest

from services.dispatch.domain.clocks.pin import Pin


@pytest.mark.parametrize("pin", [Pin("office", 7), Pin("a@b", 12), Pin("night shift", 0)])
def test_a_pin_is_the_same_again_from_its_text(pin):
    assert Pin.of(str(pin)) == pin


@pytest.mark.parametrize("text", ["", "office", "office@", "@7", "office@x", "office@-1", "office@٣"])
def test_a_text_without_a_name_and_a_version_is_no_pin(text):
    with pytest.raises(ValueError, match="is not a name with its version"):
        Pin.of(text)
