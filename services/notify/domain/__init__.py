"""What notify decides: who is told what (rules.py), and what became of it (ledger.py)."""
