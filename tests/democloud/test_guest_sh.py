"""The language of a guest's shell, against what bash prints for the same lines."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.democloud.guest_host import Host
from portal.democloud.guest_parser import parse
from portal.democloud.guest_syntax import SyntaxProblem
from tests.democloud.guest_disks import host
from tests.democloud.guest_sh import sh

LINES = [
    "echo one  'two  three' \"four  $HOME\" | tr a-z A-Z",
    'a=1; b="$a 2"; for x in $b "$b"; do echo "<$x>"; done',
    "for i in 1 2 3 4; do [ $i = 2 ] && continue; [ $i = 4 ] && break; echo $i; done",
    "if false; then echo a; elif true; then echo b; else echo c; fi",
    "n=0; while [ $n -lt 3 ]; do n=$((n + 1)); echo $n; done; until [ $n -eq 0 ]; do n=$((n-1)); done; echo $n",
    "f() { echo \"$# $1 $2\"; return 3; }; f a 'b c'; echo $?",
    "case abc.txt in *.md) echo md;; *.txt|*.log) echo text;; *) echo other;; esac",
    "cat <<END\nhello $((1 + 2))\n'as it is'\nEND\ncat <<'END'\n$HOME\nEND",
    "cat <<-END\n\ttabbed\n\tEND\necho after",
    "x=archive.tar.gz; echo ${x%.*} ${x%%.*} ${x#*.} ${x##*.} ${#x} ${y:-none} ${x:+set}",
    'echo "$(echo inner; echo "$(echo deeper)")" `echo back`',
    "false || echo rescued; true && echo kept; ! false && echo negated",
    "(cd /; pwd); { echo grouped; echo too; } | sort -r",
    "echo err >&2; echo out; echo hidden >/dev/null 2>&1",
    "printf '%s-%s\\n' a b c d; printf '%05d|%-4s|%4s|%%\\n' 42 x y",
    'set -- a \'b c\'; echo $#; for x in "$@"; do echo "<$x>"; done; shift; echo $1',
    "echo a > /tmp/helio-t; echo b >> /tmp/helio-t; cat < /tmp/helio-t; rm /tmp/helio-t; [ -e /tmp/helio-t ] || echo gone",
    "printf 'b\\na\\nb\\n' | sort | uniq | head -n 1; seq 5 | tail -n 2 | wc -l",
    "printf 'one\\ntwo\\nthree\\n' | grep -v two | sed 's/o/0/g; s/^t/T/'",
    "set -e; false || true; if false; then :; fi; echo on; false; echo never",
    'set -u; echo ${unset-default}; echo "${unset}"; echo never',
    "echo $((7 * (2 + 3) % 4)) $((2 > 1)); test 1 -lt 2; echo $?; test a = b; echo $?",
    "a='x y'; b=$a; echo \"$b\"; readonly c=1; export d=2; sh -c 'echo $d'",
    "echo 'it'\"'\"'s' \\$HOME \"\\$HOME\" a\\ b",
    'x=$(false); echo $?; x=; echo ${x:-empty}; echo "[$x]"',
    "exit 7; echo never",
    "echo $(( 1 +",
    "if true; then",
    "sh -s one two <<'END'\necho $1 $2 $#\nEND",
    "printf 'a b\\nc d\\n' | while read -r first rest; do echo \"$rest-$first\"; done",
    "echo a; sleep 0 & wait; echo b",
    "command -v sh >/dev/null && echo there; command -v nosuchthing || echo missing",
    "x=1; (x=2; echo $x); echo $x; y=3 sh -c 'echo $y'; echo \"[$y]\"",
    'eval \'z="a b"\'; echo "$z"; : ignored; echo ok # a remark',
    "echo {a,b} \"*\" '*' [x]",
]


@pytest.fixture(scope="module")
def machine() -> Host:
    return host()


@pytest.mark.skipif(shutil.which("dash") is None, reason="no shell of this kind to compare with")
@pytest.mark.parametrize("script", LINES)
async def test_scripts_do_what_a_real_shell_does(machine: Host, script: str, tmp_path: Path) -> None:
    settings = {"HOME": "/home/ubuntu", "PATH": "/usr/bin:/bin"}
    real = await asyncio.to_thread(
        subprocess.run, ["dash", "-c", script], capture_output=True, text=True, env=settings, cwd=tmp_path
    )
    mine = await sh(machine, script)
    assert (mine.out, bool(mine.status)) == (real.stdout, bool(real.returncode)), mine.err
    assert bool(mine.err) == bool(real.stderr)


async def test_patterns_match_files(machine: Host) -> None:
    script = (
        'cd /tmp && touch b.txt a.txt c.log && echo *.txt /tm?/*.log nothing* "*.txt" && rm *.txt *.log; ls'
    )
    assert (await sh(machine, script)).out == "a.txt b.txt /tmp/c.log nothing* *.txt\n"


async def test_sudo_changes_who_one_is_and_only_those_may_who_may(machine: Host) -> None:
    await sh(machine, "sudo useradd -m plain; sudo -u plain sh -c 'whoami; touch /etc/x'")
    assert (
        await sh(machine, "sudo -n sh -s -- x <<'E'\nid -u; echo $1 > /etc/y\nE\ncat /etc/y")
    ).out == "0\nx\n"
    refused = await sh(machine, "sudo -n id", user="plain")
    assert (refused.status, "sudoers" in refused.err) == (1, True)
    assert (await sh(machine, "echo x > /etc/motd", user="plain")).status == 1
    assert (await sh(machine, "useradd other", user="plain")).status == 1


async def test_keys_can_be_added_and_removed_as_set_up_scripts_do_it(machine: Host) -> None:
    add = (
        "umask 077; mkdir -p ~/.ssh && touch ~/.ssh/authorized_keys && "
        "grep -qxF 'ssh-ed25519 AAAA new' ~/.ssh/authorized_keys || echo 'ssh-ed25519 AAAA new' >> ~/.ssh/authorized_keys"
    )
    for _ in range(2):
        assert (await sh(machine, add)).status == 0
    assert (await sh(machine, "grep -c new ~/.ssh/authorized_keys")).out == "1\n"
    drop = "grep -vxF 'ssh-ed25519 AAAA new' ~/.ssh/authorized_keys > k; mv k ~/.ssh/authorized_keys; ls -l ~/.ssh"
    assert "authorized_keys" in (await sh(machine, drop)).out
    assert (await sh(machine, "grep -c new ~/.ssh/authorized_keys")).out == "0\n"


async def test_a_pipe_ends_who_writes_to_nobody(machine: Host) -> None:
    assert (
        await sh(machine, "yes | head -n 2; bigfile 1G | head -c 3; echo; seq 3 | true")
    ).out == "y\ny\n012\n"


async def test_what_is_written_into_files_and_links_is_there(machine: Host) -> None:
    script = """
cd ~ && mkdir -p a/b && printf 'x\\n' | tee a/b/f > /dev/null && ln -s b/f a/link && cat a/link
cp -r a c && mv c/b/f c/g && ls c && rm -r a c && ls -a ~ | grep -c '^[ac]$'
chmod 640 /nowhere || echo failed; stat -c '%a %U' ~
"""
    assert (await sh(machine, script)).out == "x\nb\ng\nlink\n0\nfailed\n750 ubuntu\n"


@pytest.mark.parametrize(
    "script",
    [
        ":(){ :|:& };:",
        "f() { f; }; f",
        "while :; do :; done",
        "x=a; while :; do x=$x$x; done",
        "eval eval eval :",
    ],
)
async def test_scripts_that_run_away_do_not_take_the_cloud_with_them(machine: Host, script: str) -> None:
    ran = await sh(machine, f"timeout 0.3 sh -c '{script}'")
    assert ran.status in {0, 1, 2, 124}


@given(st.text(alphabet="ab $'\"`(){}[];&|<>\\\n#=*!~-2", max_size=40))
def test_no_text_breaks_the_reader(script: str) -> None:
    try:
        parse(script)
    except SyntaxProblem as problem:
        assert str(problem)
