"""What store.py is made of: one module for each thing that is stored, found, claimed or told to many."""
