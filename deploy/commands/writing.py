"""Files that commands write."""

from __future__ import annotations

import os
from pathlib import Path

import click


def require_folder(file: Path) -> None:
    """To be asked before long work begins: there has to be a folder for the file that one may write to."""
    folder = file.absolute().parent
    if not folder.is_dir():
        raise click.UsageError(f"{file}: there is no folder {folder}")
    if not os.access(folder, os.W_OK):
        raise click.UsageError(f"{file}: the folder {folder} cannot be written to")
