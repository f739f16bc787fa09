"""Who works here: names, roles, and that somebody is left who may give them."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from app.common.errors import UserError
from app.common.workspace import Workspace
from app.datasets import store as st


def refused(store: st.Store, actor: str, code: str, name: str, role: str, active: bool | None = None) -> None:
    def change(s: Session) -> None:
        if active is None:
            st.add_person(s, name, role)
        else:
            st.change_person(s, name, role, active)

    with pytest.raises(UserError) as error, store.write(actor) as s:
        change(s)
    assert error.value.code == code


def test_people_are_added_with_a_role_and_keep_their_name(workspace: Workspace) -> None:
    store = st.open_store(workspace)
    with store.write("Chen") as s:
        assert st.add_person(s, "  Li   Na ", "annotator").name == "Li Na"
        st.add_person(s, "Wang", "scientist")
    refused(store, "Chen", "person_there", "Li Na", "doctor")
    refused(store, "Chen", "person_without_name", " \n ", "doctor")
    refused(store, "Li Na", "not_allowed", "Zhao", "doctor")
    with store.read() as s:
        assert [(u.name, u.role, u.active) for u in st.users(s)] == [
            ("Chen", "owner", True), ("Li Na", "annotator", True), ("Wang", "scientist", True),
        ]  # fmt: skip
        assert st.broken_link(s) is None
    store.close()


def test_an_owner_is_always_left(workspace: Workspace) -> None:
    store = st.open_store(workspace)
    with store.write("Chen") as s:
        st.add_person(s, "Li Na", "doctor")
    refused(store, "Chen", "last_owner", "Chen", "doctor", active=True)
    refused(store, "Chen", "last_owner", "Chen", "owner", active=False)
    refused(store, "Chen", "no_such_person", "Zhao", "owner", active=True)
    with store.write("Chen") as s:
        st.change_person(s, "Li Na", "owner", active=True)
        st.change_person(s, "Chen", "doctor", active=True)
    refused(store, "Chen", "not_allowed", "Li Na", "doctor", active=True)
    with store.write("Li Na") as s:
        gone = st.change_person(s, "Chen", "doctor", active=False)
        assert not gone.active
    with pytest.raises(UserError) as error, store.write("Chen") as s:  # who is off the list changes nothing
        st.require(s, "edit_case")
    assert error.value.code == "not_allowed"
    store.close()
