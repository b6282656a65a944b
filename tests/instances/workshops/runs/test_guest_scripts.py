"""The scripts as any Linux runs them, without SSH: what they do twice, half, and against a hostile home."""

import io
import os
import subprocess
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from instances.workshops.runs import packing
from instances.workshops.runs.guest_side import Said, command, counted, last_word, said
from instances.workshops.runs.tar_walk import Walk

Run = Callable[..., Said]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    found = tmp_path / "home"
    found.mkdir()
    return found


def asked(
    home: Path, name: str, *arguments: object, given: bytes = b""
) -> "subprocess.CompletedProcess[bytes]":
    env = {"HOME": str(home), "PATH": os.environ["PATH"]}
    return subprocess.run(
        command(name, *arguments), shell=True, input=given, capture_output=True, env=env, timeout=30
    )


@pytest.fixture
def run(home: Path) -> Run:
    def ask(verb: str, text: str = "", id: str = "one", seconds: int = 20, waits: int = 25) -> Said:
        answer = said(asked(home, "run", verb, id, seconds, waits, given=text.encode()).stdout)
        assert answer is not None
        return answer

    return ask


def test_a_command_runs_in_the_home_and_leaves_its_exit(run: Run, home: Path) -> None:
    answer = run("start", "pwd; echo wrong >&2; exit 3\n")
    assert (answer.state, answer.exit) == ("done", 3)
    assert answer.output.head == f"{home}\nwrong\n".encode()


def test_asked_for_twice_it_runs_once_also_after_it_was_collected(run: Run, home: Path) -> None:
    text = "echo x >>count\n"
    assert run("start", text).exit == 0
    assert run("start", text).exit == 0
    run("forget")
    assert run("start", text).state == "over"
    assert (home / "count").read_text() == "x\n"
    assert [one.name for one in (home / ".heliosphere-runs").iterdir()] == ["one.over"]


def test_two_who_begin_at_the_same_moment_begin_it_once(home: Path) -> None:
    line = command("run", "start", "race", 20, 25)
    env = {"HOME": str(home), "PATH": os.environ["PATH"]}
    both = [
        subprocess.Popen(line, shell=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)
        for _ in range(4)
    ]
    for one in both:
        assert b"helio-run done 0" in one.communicate(b"echo x >>count; sleep 0.3\n", timeout=30)[0]
    assert (home / "count").read_text() == "x\n"


def test_it_goes_on_without_the_session_that_began_it(run: Run) -> None:
    first = run("start", "echo begun; sleep 1; echo ended\n", waits=2)
    assert (first.state, first.exit) == ("running", None)
    assert run("look", waits=40).output.head == b"begun\nended\n"


def test_it_is_ended_with_all_that_it_started_when_its_time_is_over(run: Run, home: Path) -> None:
    answer = run("start", "(sleep 3; touch late) & sleep 9\n", seconds=1)
    assert answer.exit == 124
    time.sleep(2.5)
    assert not (home / "late").exists()


def test_it_can_be_stopped_where_it_runs(run: Run) -> None:
    run("start", "echo begun; sleep 30\n", waits=2)
    answer = run("stop")
    assert answer.state == "done" and answer.exit == 143 and answer.output.head.startswith(b"begun\n")


def test_stopped_before_it_came_it_never_begins(run: Run, home: Path) -> None:
    run("stop", id="late")
    assert run("start", "touch late\n", id="late").exit == 143
    assert not (home / "late").exists()


def test_of_a_hundred_megabytes_the_beginning_and_the_end_are_kept(run: Run, home: Path) -> None:
    answer = run("start", "echo first; yes 0123456789 | head -c 100000000; echo; echo last\n", waits=100)
    assert answer.state == "done" and answer.output.cut
    assert answer.output.head.startswith(b"first\n0123") and answer.output.tail.endswith(b"last\n")
    kept = sum(one.stat().st_size for one in (home / ".heliosphere-runs" / "one").iterdir() if one.is_file())
    assert kept < 80_000


def test_binary_output_comes_as_it_is(run: Run) -> None:
    data = bytes(range(256))
    answer = run("start", "printf '" + "".join(f"\\{byte:03o}" for byte in data).replace("%", "%%") + "'\n")
    assert answer.output.head == data


def test_what_it_leaves_in_the_background_does_not_hold_up_the_answer(run: Run) -> None:
    answer = run("start", "sleep 5 & echo left\n", waits=5)
    assert (answer.state, answer.exit) == ("held", 0)


def test_one_that_was_killed_with_its_machine_is_lost(run: Run, home: Path) -> None:
    run("start", "sleep 30\n", waits=2)
    folder = home / ".heliosphere-runs" / "one"
    runner = int((folder / "runner").read_text())
    # As a power failure would: all of them at once.
    subprocess.run(["pkill", "-KILL", "-s", str(runner)], check=True)
    deadline = time.monotonic() + 5
    while run("look", waits=1).state == "running" and time.monotonic() < deadline:
        time.sleep(0.1)
    assert run("look", waits=1).state in ("lost", "held")


def test_the_command_is_no_option_and_no_other_command(run: Run) -> None:
    assert run("start", "echo \"$0\" '; rm -rf /' `echo sub`\n").output.head.endswith(b"; rm -rf / sub\n")


# Files


def tarred(**files: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in {**files, packing.WHOLE: b""}.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def put(home: Path, data: bytes, folder: str = "", id: str = "job.1") -> tuple[str, dict[str, int]]:
    ran = asked(home, "put", folder, id, "20260921-1200", given=data)
    return last_word(ran.stdout, "helio-put"), counted(ran.stdout)


def test_files_lie_where_they_should_and_twice_is_once(home: Path) -> None:
    data = tarred(**{"a.txt": b"A", "sub/b c.txt": b"B"})
    assert put(home, data, "course/week 1") == ("done", {"made": 2, "same": 0, "kept": 0})
    assert put(home, data, "course/week 1") == ("done", {"made": 0, "same": 2, "kept": 0})
    assert (home / "course/week 1/sub/b c.txt").read_bytes() == b"B"
    assert [one.name for one in home.iterdir()] == ["course"]


def test_what_the_learner_changed_stays_beside_it(home: Path) -> None:
    put(home, tarred(**{"a.txt": b"first"}))
    (home / "a.txt").write_text("mine")
    assert put(home, tarred(**{"a.txt": b"second"}))[1]["kept"] == 1
    assert (home / "a.txt").read_text() == "second"
    assert (home / "a.txt.before-20260921-1200").read_text() == "mine"


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_written_through(
    home: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("untouched")
    (home / "a.txt").symlink_to(secret)
    assert put(home, tarred(**{"a.txt": b"new"}))[0] == "done"
    assert secret.read_text() == "untouched"
    assert not (home / "a.txt").is_symlink() and (home / "a.txt").read_text() == "new"


def test_a_folder_in_the_place_of_a_file_is_put_aside(home: Path) -> None:
    (home / "a.txt").mkdir()
    (home / "a.txt" / "mine").touch()
    assert put(home, tarred(**{"a.txt": b"new"}))[0] == "done"
    assert (home / "a.txt").read_text() == "new" and (home / "a.txt.before-20260921-1200" / "mine").exists()


def test_a_file_in_the_place_of_the_folder_is_refused(home: Path) -> None:
    (home / "course").write_text("mine")
    assert put(home, tarred(a=b"1"), "course")[0] == "refused"
    assert (home / "course").read_text() == "mine" and len(list(home.iterdir())) == 1


@pytest.mark.parametrize("length", [0, 300, 512, 1024, 1536])
def test_what_did_not_arrive_whole_changes_nothing(home: Path, length: int) -> None:
    (home / "a.txt").write_text("mine")
    data = tarred(**{"a.txt": b"new" * 300})
    assert put(home, data[:length])[0] == "cut"
    assert (home / "a.txt").read_text() == "mine" and len(list(home.iterdir())) == 1


def test_what_an_attempt_left_is_removed_by_the_next(home: Path) -> None:
    (home / ".heliosphere-put-job.0").mkdir()
    (home / ".heliosphere-put-other.0").mkdir()
    put(home, tarred(a=b"1"), id="job.1")
    assert sorted(one.name for one in home.iterdir()) == [".heliosphere-put-other.0", "a"]


# Homes


def packed(home: Path, what: str, *patterns: str) -> tuple[int, list[str]]:
    ran = asked(home, "pack", what, given="".join(f"{one}\n" for one in patterns).encode())
    if not ran.stdout:
        return ran.returncode, []
    with tarfile.open(fileobj=io.BytesIO(ran.stdout), mode="r|") as archive:
        return ran.returncode, sorted(member.name for member in archive if not member.isdir())


@pytest.fixture
def full(home: Path) -> Path:
    for name in (
        "n/1.ipynb",
        "n/two words.ipynb",
        ".cache/x",
        ".ssh/id",
        ".ssh/authorized_keys",
        "p/__pycache__/y",
        "-rf",
    ):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(name)
    (home / "link").symlink_to("/etc/passwd")
    return home


def test_work_is_the_home_without_caches_and_keys(full: Path) -> None:
    assert packed(full, "work") == (0, ["./-rf", "./link", "./n/1.ipynb", "./n/two words.ipynb"])


def test_only_what_was_chosen_is_packed(full: Path) -> None:
    assert packed(full, "work", "n/*.ipynb", "nothing*")[1] == ["./n/1.ipynb", "./n/two words.ipynb"]
    assert packed(full, "work", "$(touch pwned)", "`touch pwned`", "-rf") == (0, ["./-rf"])
    assert packed(full, "work", "nothing*") == (72, [])
    assert not (full / "pwned").exists()


def test_a_home_comes_back_as_it_was(full: Path, tmp_path: Path) -> None:
    (full / "n/1.ipynb").chmod(0o640)
    data = whole(asked(full, "pack", "home").stdout)
    new = tmp_path / "new"
    new.mkdir()
    (new / "-rf").write_text("the new system's")
    assert last_word(asked(new, "unpack", given=data).stdout, "helio-home") == "done"
    assert (new / "-rf").read_text() == "-rf" and (new / ".ssh/id").exists()
    assert not (new / ".ssh/authorized_keys").exists() and (new / "link").is_symlink()
    assert (new / "n/1.ipynb").stat().st_mode & 0o777 == 0o640


def whole(data: bytes) -> bytes:
    """As the portal keeps it: closed by itself, with the mark."""
    return Walk(1 << 30).feed(data) + b"".join(packing.end())


@pytest.mark.parametrize("length", [0, 512, 1000, 1024, 3000])
def test_half_a_home_is_said_to_be_half(full: Path, tmp_path: Path, length: int) -> None:
    data = whole(asked(full, "pack", "home").stdout)
    new = tmp_path / "new"
    new.mkdir()
    assert last_word(asked(new, "unpack", given=data[:length]).stdout, "helio-home") == "cut"
