"""The packs as a session sees them: the workspace's own before the shipped ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from app.common.packs import DEFAULT_PACK, Pack, load_pack
from app.common.workspace import Workspace
from app.datasets.images import MEDIA

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def workspace_of(session: Session) -> Workspace:
    """The workspace that the session's database belongs to."""
    return Workspace(Path(session.info[MEDIA]).parent)


def pack_in(session: Session, key: str = DEFAULT_PACK) -> Pack:
    """Raises UserError as :func:`app.common.packs.load_pack`."""
    return load_pack(key, workspace_of(session).packs)
