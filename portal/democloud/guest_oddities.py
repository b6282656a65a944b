"""What a terminal and a file browser must bear: odd names, wide and combining letters, colours, hostile output."""

from collections.abc import Iterator

ESC, BEL, ST = "\x1b", "\x07", "\x1b\\"


def odd_names() -> tuple[str, ...]:
    """All are names that a Linux file may have."""
    return (
        "plain.txt",
        "with blank.txt",
        " leading blank",
        "-rf",
        ".hidden",
        "...",
        "..hidden",
        "quo'te\"s.txt",
        "semi;colon&and|pipe.txt",
        "dollar$(id).txt",
        "new\nline.txt",
        "tab\tinside.txt",
        "bell\x07and\x1b[31mred.txt",
        "back\\slash.txt",
        "per%2e%2ecent.txt",
        "<b>bold.html",
        "Ünïcödé.txt",
        "数据-データ.txt",
        "rocket-🚀-👩‍🔬.txt",
        "e\u0301-combining.txt",
        "right\u202eto-left.txt",
        "no\udcffutf8.bin",
        "a" * 250,
    )


def unicode_sample() -> str:
    return (
        "Latin     Grüße, façade, naïve\n"
        "Combining e\u0301 a\u0308 n\u0303 (each is one cell)\n"
        "Wide      日本語 中文 한국어 (each letter is two cells)\n"
        "Emoji     🚀 👩‍🔬 🇨🇭 ☃\n"
        "Boxes     ┌─┬─┐ │ │ │ └─┴─┘ ░▒▓█\n"
        "Math      ∀x∈ℝ: ⌈x⌉ = −⌊−x⌋\n"
        "Right     שלום  مرحبا\n"
    )


def colours() -> Iterator[str]:
    """16, 256 and true colour, and what else SGR can do."""
    for base in (40, 100):
        yield "".join(f"{ESC}[{base + n}m  {n:2} " for n in range(8)) + f"{ESC}[0m\n"
    for row in range(16, 256, 36):
        yield "".join(f"{ESC}[48;5;{n}m  " for n in range(row, min(row + 36, 256))) + f"{ESC}[0m\n"
    steps = range(0, 256, 4)
    yield "".join(f"{ESC}[48;2;{n};{255 - n};128m " for n in steps) + f"{ESC}[0m\n"
    styles = {1: "bold", 2: "dim", 3: "italic", 4: "underlined", 7: "inverse", 9: "struck"}
    yield " ".join(f"{ESC}[{code}m{name}{ESC}[0m" for code, name in styles.items()) + "\n"
    yield f"{ESC}]0;colours{BEL}{ESC}]8;;https://example.org/{ST}a link{ESC}]8;;{ST}\n"


# Each is sent to the person's terminal by whatever runs in the guest. None may reach their clipboard, answer for
# them, or freeze the page.
HOSTILE: dict[str, str] = {
    "clipboard-write": f"{ESC}]52;c;cm0gLXJmIH4K{BEL}",
    "clipboard-read": f"{ESC}]52;c;?{BEL}",
    "title-control": f"{ESC}]0;rm -rf ~\r\n\x08\x07\x1b[31mroot{BEL}",
    "title-long": f"{ESC}]2;" + "T" * 70_000 + BEL,
    "title-report": f"{ESC}[21t",
    "decrqss": f'{ESC}P$q"p{ST}{ESC}P$qm\r\nreboot\r\n{ST}',
    "device-reports": f"{ESC}[c{ESC}[>c{ESC}[6n{ESC}[5n{ESC}[?15n{ESC}[18t{ESC}[14t{ESC}]10;?{BEL}\x05",
    "window": f"{ESC}[2t{ESC}[3;9999;9999t{ESC}[8;9999;9999t{ESC}[9;1t",
    "link": f"{ESC}]8;;javascript:alert(document.cookie){ST}click me{ESC}]8;;{ST}\n",
    "bells": BEL * 2000,
    "modes": f"{ESC}[?1000h{ESC}[?1003h{ESC}[?1006h{ESC}[?2004h{ESC}[?25l{ESC}[?5h{ESC}[4h{ESC}[20h",
    "charset": f"{ESC}(0lqqqk{ESC})0\x0e",
    "numbers": f"{ESC}[99999999999999999999;99999999H{ESC}[2147483648b{ESC}[" + ";" * 5000 + "m",
    "utf8": "\ufffd\udcff\udcfe\udcc0\udcaf\udced\udca0\udc80",
    "zalgo": "Z" + "\u0301" * 3000 + "\n",
    "osc-open": f"{ESC}]0;" + "never closed " * 20_000,
    "dcs-open": f"{ESC}Pq" + "~" * 300_000,
}


def calmed() -> str:
    """Ends whatever a hostile sequence began, so that the next prompt can be read."""
    return f"\x18{ST}\x0f{ESC}(B{ESC}[?1000l{ESC}[?1003l{ESC}[?1006l{ESC}[?2004l{ESC}[?25h{ESC}[?5l{ESC}[4l{ESC}[20l{ESC}[0m"
