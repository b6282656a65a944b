"""All parts' routers, as one."""

from ninja import Router

from instances.workshops.after.api import router as after
from instances.workshops.board.api import router as board
from instances.workshops.courses.api import router as courses
from instances.workshops.learner.api import router as learner
from instances.workshops.roster.api import router as roster
from instances.workshops.runs.api import router as runs

router = Router()
for _part in (courses, roster, learner, board, runs, after):
    router.add_router("", _part)
