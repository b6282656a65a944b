"""Letters for the guests' screens: 5 by 7 dots, one hex pair for each row, drawn twice as large."""

from functools import lru_cache

SCALE = 2
ADVANCE = 6 * SCALE
LINE = 9 * SCALE
_GLYPHS = {
    "A": "0e11111f111111", "B": "1e11111e11111e", "C": "0e11101010110e", "D": "1e11111111111e",
    "E": "1f10101e10101f", "F": "1f10101e101010", "G": "0e11101711110f", "H": "1111111f111111",
    "I": "0e04040404040e", "J": "0702020202120c", "K": "11121418141211", "L": "1010101010101f",
    "M": "111b1515111111", "N": "11191513111111", "O": "0e11111111110e", "P": "1e11111e101010",
    "Q": "0e11111115120d", "R": "1e11111e141211", "S": "0f10100e01011e", "T": "1f040404040404",
    "U": "1111111111110e", "V": "11111111110a04", "W": "1111111515150a", "X": "11110a040a1111",
    "Y": "1111110a040404", "Z": "1f01020408101f", "0": "0e11131519110e", "1": "040c040404040e",
    "2": "0e11010204081f", "3": "1f02040201110e", "4": "02060a121f0202", "5": "1f101e0101110e",
    "6": "0608101e11110e", "7": "1f010204080808", "8": "0e11110e11110e", "9": "0e11110f01020c",
    " ": "00000000000000", ".": "00000000000c0c", ":": "000c0c000c0c00", "-": "0000001f000000",
    "/": "00010204081000", "%": "18190204081303", "_": "0000000000001f", "(": "02040808080402",
    ")": "08040202020408", "@": "0e11010d15150e", ",": "000000000c0408", "+": "0004041f040400",
    "=": "00001f001f0000", "?": "0e110102040004", "!": "04040404000004", "#": "0a0a1f0a1f0a0a",
    ">": "08040201020408", "<": "02040810080402", "*": "00150e1f0e1500", "'": "04040800000000",
}  # fmt: skip
_UNKNOWN = "1f11111111111f"


@lru_cache(maxsize=1024)
def text_rows(text: str, ink: int, paper: int) -> tuple[bytes, ...]:
    """The text as rows of palette indices, top to bottom; small letters are shown as capitals."""
    rows: list[bytes] = []
    for row in range(7):
        line = bytearray()
        for letter in text.upper():
            bits = int(_GLYPHS.get(letter, _UNKNOWN)[2 * row : 2 * row + 2], 16)
            for column in (16, 8, 4, 2, 1, 0):
                line += bytes([ink if bits & column else paper]) * SCALE
        rows += [bytes(line)] * SCALE
    return tuple(rows)
