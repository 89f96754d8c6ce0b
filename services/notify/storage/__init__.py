"""What notify's store is made of: a module per collection or task; store.py puts them together."""
