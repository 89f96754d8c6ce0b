"""The processes that send: one for e-mail, one for SMS. They talk to Loopdesk by docs/consumers.md only."""
