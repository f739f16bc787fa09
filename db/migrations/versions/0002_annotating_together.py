"""Files of boxes, layers of several annotators, sent-back photos, the trash"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "annotation_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("format", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("path", sa.String(length=4000), nullable=False),
        sa.Column("image_id", sa.Integer(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("context", sa.JSON(), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("read", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_annotation_file_image_id_image")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_annotation_file")),
    )
    op.create_index("ix_annotation_file_path", "annotation_file", ["path"])
    op.create_index("ix_annotation_file_image_id", "annotation_file", ["image_id"])
    op.create_table(
        "assignment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("rejected", sa.Text(), nullable=False),
        sa.Column("refused", sa.JSON(), nullable=False),
        sa.Column("settled", sa.DateTime(), nullable=True),
        sa.Column("settled_by", sa.String(length=200), nullable=True),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_assignment_image_id_image")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
        sa.UniqueConstraint("image_id", "person", name=op.f("uq_assignment_image_id")),
    )
    op.create_index("ix_assignment_image_id", "assignment", ["image_id"])
    op.create_index("ix_assignment_person", "assignment", ["person"])
    with op.batch_alter_table("image") as table:
        table.add_column(sa.Column("rejected", sa.Text(), nullable=False, server_default=""))
        table.add_column(sa.Column("refused", sa.JSON(), nullable=False, server_default="[]"))
        table.add_column(sa.Column("trashed", sa.DateTime(), nullable=True))
    with op.batch_alter_table("annotation") as table:
        table.add_column(sa.Column("layer", sa.String(length=200), nullable=False, server_default=""))
        table.add_column(sa.Column("outline", sa.Text(), nullable=True))
        table.add_column(sa.Column("origin_file", sa.Integer(), nullable=True))
        table.add_column(sa.Column("origin_position", sa.Integer(), nullable=True))
        table.create_foreign_key(
            op.f("fk_annotation_origin_file_annotation_file"), "annotation_file", ["origin_file"], ["id"]
        )
        table.drop_constraint(op.f("pk_annotation"), type_="primary")
        table.create_primary_key(op.f("pk_annotation"), ["id", "layer"])
    op.create_index("ix_annotation_origin_file", "annotation", ["origin_file"])
    with op.batch_alter_table("journal_entry") as table:
        table.add_column(sa.Column("layer", sa.String(length=200), nullable=False, server_default=""))
    op.create_index("ix_journal_entry_actor_state", "journal_entry", ["actor", "state"])
    # What was undone before undoing was journalled too cannot be retraced.
    op.execute("UPDATE journal_entry SET payload = NULL, state = 'dropped' WHERE state IN ('undone', 'dropped')")


def downgrade() -> None:
    raise NotImplementedError("a copy of the database from before the migration lies beside it")
