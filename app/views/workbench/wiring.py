"""Which of the workbench's parts hears what from which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.common.packs import OTHER
from app.common.words import text

if TYPE_CHECKING:
    from app.views.workbench.workbench import Workbench


def wire(bench: Workbench) -> None:
    _wire_frame(bench)
    _wire_photo(bench)
    _wire_panels(bench)
    _wire_keys(bench)


def _wire_frame(bench: Workbench) -> None:
    frame, collection = bench.frame, bench.collection
    frame.went.connect(bench.go)
    frame.photo_covered.connect(lambda there: bench.actions_.set_at_work(not there))
    frame.paths_dropped.connect(collection.open)
    frame.rail.settings_wanted.connect(bench.commands.open_settings)
    bench.empty.files_wanted.connect(collection.ask_for_files)
    bench.empty.folder_wanted.connect(collection.ask_for_folder)
    collection.emptied.connect(bench.nothing_to_show)
    collection.nothing_found.connect(lambda: frame.messages.info("none_found", lambda: text("photos.none_found")))
    collection.working.connect(bench.say_working)
    bench.photos.chosen.connect(bench.open_photo)
    bench.services.pack_changed.connect(bench.take_pack)


def _wire_photo(bench: Workbench) -> None:
    canvas, sitting, tools, error = bench.canvas, bench.sitting, bench.tools, bench.frame.messages.error
    sitting.photo_shown.connect(bench.photo_shown)
    sitting.photo_shown.connect(bench.boxes.photo_stands)
    canvas.edited.connect(lambda _document, _edit: bench.boxes.forget_said())
    for step in ("undo", "redo"):
        bench.actions_[step].triggered.connect(lambda _checked=False: bench.boxes.forget_said())
    sitting.reading_changed.connect(bench.refresh)
    sitting.row_changed.connect(lambda row: bench.photos.model.update_rows([row]))
    sitting.read_through.connect(bench.look_at_first)
    sitting.failed.connect(error)
    sitting.undoing.journal_changed.connect(bench.journal_changed)
    sitting.undoing.elsewhere.connect(bench.go_where_it_was)
    canvas.selection_changed.connect(lambda _id: bench.refresh())
    canvas.mode_changed.connect(bench.actions_["draw"].setChecked)
    canvas.view_changed.connect(tools.show_zoom)
    canvas.box_measured.connect(tools.show_box)
    canvas.refused.connect(error)
    canvas.context_menu_wanted.connect(bench.boxes.context_menu)
    tools.min_score_moved.connect(bench.show_from)
    tools.min_score_chosen.connect(lambda score: bench.services.change_settings(min_score=score))
    bench.looks.closed.connect(bench.actions_["looks"].trigger)
    bench.looks.keep_chosen.connect(bench.commands.keep_looks)


def _wire_panels(bench: Workbench) -> None:
    canvas, actions, boxes = bench.canvas, bench.actions_, bench.boxes
    card, d, a = bench.case_card, bench.diagnosis, bench.annotate
    card.edited.connect(bench.sitting.keep_case)
    card.refused.connect(bench.frame.messages.error)
    card.patient_wanted.connect(bench.collection.show_patient)
    bench.sitting.case_kept.connect(bench.case_kept)
    for shown in (d.list, a.list):
        shown.chosen.connect(canvas.select)
        shown.answered.connect(boxes.answer)
    d.accept_wanted.connect(boxes.accept)
    d.other_wanted.connect(lambda: canvas.relabel_selected(OTHER))
    d.accept_all_wanted.connect(canvas.accept_all)
    d.picture_wanted.connect(actions["picture"].trigger)
    d.print_wanted.connect(actions["print"].trigger)
    a.accept_all_wanted.connect(canvas.accept_all)
    a.refuse_all_wanted.connect(canvas.refuse_all)
    a.needing_wanted.connect(bench.commands.next_needing)
    a.no_label_wanted.connect(lambda: boxes.set_next_label(""))
    a.save_wanted.connect(actions["save"].trigger)
    a.picker.picked.connect(boxes.name)
    a.picker.add_wanted.connect(bench.errands.foreign.add)
    a.verdict.verify_wanted.connect(canvas.toggle_verified)
    a.verdict.send_back.connect(boxes.send_back)
    a.sent_back.taken_back.connect(lambda: boxes.send_back(""))
    a.history.opened.connect(lambda: bench.right.bring_into_view(a.history))
    for left in (a.picker.left, a.verdict.left):
        left.connect(canvas.setFocus)


def _wire_keys(bench: Workbench) -> None:
    actions = bench.actions_
    for widget in (bench.canvas, bench.photos.view, bench.diagnosis.list, bench.annotate.list):
        actions.listen_on(widget)
    actions.label_wanted.connect(bench.boxes.name)
    actions.keys_changed.connect(bench.commands.keep_keys)
    for name in ("fold_left", "fold_right", "tags"):
        actions[name].setChecked(True)
    bench.commands.take_up()
