"""The SMS consumer: a file, an SMPP gateway or an HTTP gateway behind the same queues (docs/sms.md)."""
