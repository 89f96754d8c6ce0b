"""What the local stack tells its user."""


class StackError(Exception):
    """The stack cannot do what was asked; the message says why and what to do about it."""
