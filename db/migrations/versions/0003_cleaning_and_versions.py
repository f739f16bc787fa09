"""Findings, decisions, exclusions and masks; tombstones; where a diagnosis comes from; reduced versions"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erased_patient",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(length=200), nullable=False),
        sa.Column("images", sa.Integer(), nullable=False),
        sa.Column("versions", sa.JSON(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erased_patient")),
    )
    op.create_index("ix_erased_patient_mark", "erased_patient", ["mark"])
    with op.batch_alter_table("patient_case") as table:
        table.add_column(sa.Column("diagnosis_source", sa.String(length=20), nullable=True))
        table.add_column(sa.Column("imported_from", sa.String(length=500), nullable=True))
        table.add_column(sa.Column("visit", sa.String(length=200), nullable=True))
    with op.batch_alter_table("image") as table:
        table.add_column(sa.Column("excluded", sa.String(length=40), nullable=True))
        table.add_column(sa.Column("masks", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("journal_entry") as table:  # what is left of an erased photo's entries has no photo
        table.drop_constraint(op.f("fk_journal_entry_image_id_image"), type_="foreignkey")
    with op.batch_alter_table("dataset_version") as table:
        table.add_column(sa.Column("reduced_to", sa.String(length=64), nullable=True))
    _cleaning()


def _cleaning() -> None:
    op.create_table(
        "examination",
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.Column("part", sa.String(length=20), nullable=False),
        sa.Column("stamp", sa.String(length=64), nullable=False),
        sa.Column("measured", sa.JSON(), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_examination_image_id_image")),
        sa.PrimaryKeyConstraint("image_id", "part", name=op.f("pk_examination")),
    )
    op.create_table(
        "finding",
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.Column("check_key", sa.String(length=20), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("why", sa.String(length=60), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("boxes", sa.JSON(), nullable=False),
        sa.Column("group_key", sa.String(length=60), nullable=True),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_finding_image_id_image")),
        sa.PrimaryKeyConstraint("image_id", "check_key", name=op.f("pk_finding")),
    )
    op.create_index("ix_finding_check_key_score", "finding", ["check_key", "score"])
    op.create_index("ix_finding_group_key", "finding", ["group_key"])
    op.create_table(
        "photo_pair",
        sa.Column("a", sa.Integer(), nullable=False),
        sa.Column("b", sa.Integer(), nullable=False),
        sa.Column("stamp", sa.String(length=64), nullable=False),
        sa.Column("verdict", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["a"], ["image.id"], name=op.f("fk_photo_pair_a_image")),
        sa.ForeignKeyConstraint(["b"], ["image.id"], name=op.f("fk_photo_pair_b_image")),
        sa.PrimaryKeyConstraint("a", "b", name=op.f("pk_photo_pair")),
    )
    op.create_index("ix_photo_pair_b", "photo_pair", ["b"])
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch", sa.String(length=40), nullable=False),
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.Column("check_key", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("undone", sa.DateTime(), nullable=True),
        sa.Column("undone_by", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_decision_image_id_image")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    op.create_index("ix_decision_batch", "decision", ["batch"])
    op.create_index("ix_decision_image_id_check_key", "decision", ["image_id", "check_key"])
    op.create_index("ix_decision_actor_state", "decision", ["actor", "state"])
    op.create_table(
        "check_setting",
        sa.Column("check_key", sa.String(length=20), nullable=False),
        sa.Column("threshold", sa.Double(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("check_key", name=op.f("pk_check_setting")),
    )


def downgrade() -> None:
    raise NotImplementedError("a copy of the database from before the migration lies beside it")
