"""Whether an exception came of what a cloud answered, or of a mistake in our own code.

Reading an answer that is not what it should be raises KeyError, TypeError and their like, and so does a wrong
call of ours. The first is the cloud's trouble and is told as such; the second must not be taken for it.
"""

import re
from json import JSONDecodeError
from pathlib import Path
from types import TracebackType

# What reading an answer may raise. Any other exception is a mistake anyway.
READING = (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError)
_JSON = (dict, list, str, int, float, bool, type(None))
# Calls with wrong arguments, things that cannot be called or sent: no answer brings these about.
_WRONG_CALL = re.compile(
    r"\(\) (got an unexpected keyword|got multiple values|missing \d+ required|takes (from )?\d+ "
    r"|takes no (keyword )?arguments)"
    r"|object is not callable|is not JSON serializable"
)
_HERE = Path(__file__).parent
# These only put requests together: what fails there, fails before there is an answer to blame.
_SENDING = frozenset({("calls.py", "send"), ("calls.py", "_request"), ("wire.py", "send")})


def is_mistake(error: Exception) -> bool:
    """True: our own code is wrong. False: the answer was."""
    if isinstance(error, JSONDecodeError):
        return False
    if isinstance(error, TypeError) and _WRONG_CALL.search(str(error)):
        return True
    if isinstance(error, AttributeError):
        return not isinstance(error.obj, _JSON)
    return not isinstance(error, ValueError) and _raised_in(error.__traceback__) in _SENDING


def _raised_in(traceback: TracebackType | None) -> tuple[str, str]:
    """File and function of the gateway that the exception came through last."""
    found = ("", "")
    while traceback is not None:
        code = traceback.tb_frame.f_code
        file = Path(code.co_filename)
        if _HERE in file.parents:
            found = (file.name, code.co_name)
        traceback = traceback.tb_next
    return found
