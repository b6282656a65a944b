"""Names of machines: what Exosphere and Nova both accept, names of a batch, and invented ones. Pure."""

import random
import re

MAX_LENGTH = 254
_ALLOWED = re.compile(r"^[A-Za-z0-9_ -]+$")
_DROPPED = re.compile(r"[^a-z0-9.-]")

_ADVERBS = (
    "ably", "boldly", "briskly", "brightly", "calmly", "clearly", "deeply", "duly", "early", "easily",
    "fairly", "firmly", "freely", "gently", "gladly", "highly", "kindly", "lightly", "mainly", "mildly",
    "neatly", "nicely", "openly", "partly", "plainly", "promptly", "quickly", "quietly", "rarely",
    "readily", "safely", "simply", "smoothly", "softly", "solidly", "steadily", "strongly", "swiftly",
    "truly", "warmly", "wisely",
)  # fmt: skip
_ADJECTIVES = (
    "amber", "ample", "bright", "busy", "clever", "coral", "crisp", "curious", "daring", "eager", "fair",
    "fleet", "fresh", "golden", "green", "happy", "honest", "humble", "keen", "lively", "lucid", "lunar",
    "mellow", "merry", "noble", "patient", "polite", "proud", "quiet", "rapid", "ready", "robust", "rosy",
    "sharp", "silver", "solar", "stable", "steady", "sunny", "tidy", "vivid", "warm", "wise", "witty",
)  # fmt: skip
_NOUNS = (
    "acorn", "aster", "badger", "beacon", "birch", "bison", "brook", "canyon", "cedar", "comet", "condor",
    "crane", "delta", "dolphin", "ember", "falcon", "fern", "finch", "fjord", "garnet", "glacier", "harbor",
    "heron", "ibis", "juniper", "kestrel", "lark", "lynx", "maple", "marlin", "meadow", "nebula", "orchid",
    "osprey", "otter", "pine", "planet", "prairie", "quartz", "raven", "reef", "river", "sequoia",
    "sparrow", "tern", "tundra", "willow", "wren",
)  # fmt: skip


def suggest_name(chooser: random.Random | None = None) -> str:
    """A name that people can say, such as `calmly-amber-heron`."""
    pick = (chooser or random.SystemRandom()).choice
    return "-".join((pick(_ADVERBS), pick(_ADJECTIVES), pick(_NOUNS)))


def complaint(name: str) -> str:
    """What is wrong with a name of a machine, as a sentence; empty when it is fine."""
    if not name:
        return "Give the machine a name."
    if len(name) > MAX_LENGTH:
        return f"The name has {len(name)} characters; at most {MAX_LENGTH} are allowed."
    if name != name.strip():
        return "The name begins or ends with a blank: remove it."
    if not _ALLOWED.match(name):
        return "Use only the letters A to Z, digits, blanks, hyphens and underscores in the name."
    if name.endswith("-"):
        return "The name ends with a hyphen: remove it."
    return ""


def batch_names(name: str, count: int) -> list[str]:
    """The names of `count` machines launched together."""
    return [name] if count == 1 else [f"{name} {number} of {count}" for number in range(1, count + 1)]


def hostname(name: str) -> str:
    """The host name that Nova makes of a machine's name."""
    short = re.sub(r"[ _.]", "-", name[:63]).lower()
    return _DROPPED.sub("", short).strip(".-")
