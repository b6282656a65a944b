"""What the agent tells of disks at work and of people who are logged in."""

import sys
from pathlib import Path

import pytest

from instances.guest import agent

DISKSTATS = """ 252       0 vda 100 0 2000 10 200 0 4000 20 0 30 30 0 0 0 0
 252       1 vda1 90 0 1900 10 190 0 3900 20 0 30 30 0 0 0 0
   7       0 loop0 5 0 50 0 0 0 0 0 0 0 0 0 0 0 0
 252      16 vdb 1 0 8 0 1 0 16 0 0 0 0 0 0 0 0
"""


class TestDisksAndLogins:
    def test_whole_disks_are_counted_and_their_partitions_not_again(self) -> None:
        assert agent.disk_bytes(DISKSTATS, ["vda", "vdb"]) == (2008 * 512, 4016 * 512)
        assert agent.disk_bytes("", ["vda"]) == (0, 0)

    def test_disks_are_what_has_a_device(self, tmp_path: Path) -> None:
        for name in ("vda", "loop0", "dm-0"):
            (tmp_path / name).mkdir()
        (tmp_path / "vda" / "device").mkdir()
        assert agent.physical_disks(str(tmp_path)) == ["vda"]
        assert agent.physical_disks(str(tmp_path / "none")) == []

    @pytest.mark.parametrize(
        ("record", "counts"),
        [
            ("CLASS=user\nSTATE=active\nREMOTE=1\n", 1),
            ("CLASS=user\nSTATE=online\nREMOTE=0\nTTY=ttyS0\n", 1),
            ("CLASS=user\nSTATE=active\nREMOTE=0\nSEAT=seat0\nTYPE=x11\n", 1),
            ("CLASS=user\nSTATE=closing\nREMOTE=1\n", 0),
            ("CLASS=greeter\nSTATE=active\nSEAT=seat0\n", 0),
            ("CLASS=manager\nSTATE=active\n", 0),
            # Our own desktop, which waits for somebody to look at it.
            ("CLASS=user\nSTATE=online\nREMOTE=0\nSERVICE=login\nTYPE=unspecified\n", 0),
            ("", 0),
        ],
    )
    def test_a_login_is_a_session_with_a_person_at_it(self, tmp_path: Path, record: str, counts: int) -> None:
        (tmp_path / "5").write_text(record)
        (tmp_path / "5.ref").mkdir()
        assert agent.logins(str(tmp_path), "/nowhere") == counts

    def test_without_systemd_the_records_of_utmp_count(self, tmp_path: Path) -> None:
        def entry(kind: int) -> bytes:
            return kind.to_bytes(2, sys.byteorder) + bytes(382)

        (tmp_path / "utmp").write_bytes(entry(2) + entry(7) + entry(8) + entry(7) + b"cut")
        assert agent.logins(str(tmp_path / "none"), str(tmp_path / "utmp")) == 2

    def test_where_no_record_is_kept_nobody_can_tell(self, tmp_path: Path) -> None:
        assert agent.logins(str(tmp_path / "none"), str(tmp_path / "none")) is None
