from django.urls import path

from instances.workshops.board import views, views_acts, views_calls, views_seat

app_name = "board"
_BOARD = "workshops/<uuid:workshop_id>/board/"
_SEAT = "workshops/<uuid:workshop_id>/seats/<uuid:seat_id>/"

urlpatterns = [
    path(_BOARD, views.board, name="board"),
    path(f"{_BOARD}strip/", views.strip, name="strip"),
    path(f"{_BOARD}room/", views.room, name="room"),
    path(f"{_BOARD}calls/", views_calls.queue, name="calls"),
    path(f"{_BOARD}calls/<uuid:call_id>/<slug:what>/", views_calls.answer, name="call"),
    path(f"{_BOARD}acts/<slug:act>/", views_acts.act, name="act"),
    path(_SEAT, views_seat.seat, name="seat"),
    path(f"{_SEAT}enter/", views_seat.enter, name="enter"),
    path(f"{_SEAT}look/<uuid:session_id>/", views_seat.looking, name="looking"),
    path(f"{_SEAT}look/<uuid:session_id>/open/", views_seat.look, name="look"),
    path(f"{_SEAT}look/<uuid:session_id>/typing/", views_seat.typing, name="typing"),
]
