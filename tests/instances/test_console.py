"""Reading what guests print: Exosphere's lines, host keys and our own, out of hostile text."""

import json
from datetime import UTC, datetime

import asyncssh
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instances.console import Reading, forward, read

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
EPOCH = int(AT.timestamp())


def usage(epoch: object = EPOCH, cpu: object = 12, **fields: object) -> str:
    line = {"epoch": epoch, "cpuPctUsed": cpu, "memPctUsed": 34, "rootfsPctUsed": 56, "gpuPctUsed": None}
    return json.dumps({**line, **fields})


def public_key(kind: str = "ssh-ed25519") -> str:
    return asyncssh.generate_private_key(kind).export_public_key().decode().strip()


def block(*keys: str) -> str:
    return "\n".join(["-----BEGIN SSH HOST KEY KEYS-----", *keys, "-----END SSH HOST KEY KEYS-----"])


class TestSetup:
    def test_the_last_status_wins(self) -> None:
        first, last = (
            '{"status":"starting", "epoch": 1772366400000}',
            '{"status":"running", "epoch": 1772366460000}',
        )
        text = f"{first}\nnoise\n{last}\n"
        found = read(text).setup
        assert found is not None
        assert (found.status, found.at) == ("running", datetime(2026, 3, 1, 12, 1, tzinfo=UTC))

    def test_a_kernel_prefix_and_a_carriage_return_do_not_matter(self) -> None:
        found = read('[   12.345678] {"status":"complete", "epoch": 1772366400000}\r\nlogin: ').setup
        assert found is not None and found.status == "complete"

    def test_the_older_key_of_exosphere_is_read(self) -> None:
        found = read('{"exoSetup":"running"}').setup
        assert found is not None and (found.status, found.at) == ("running", None)

    @pytest.mark.parametrize(
        "line",
        [
            '{"status":"waiting"}',
            '{"status":"ok", "service":"my own program"}',
            '{"status":5}',
            '{"status":',
            '["status"]',
            '"status" {',
        ],
    )
    def test_what_is_no_set_up_line_is_none(self, line: str) -> None:
        assert read(line).setup is None

    def test_a_line_of_another_program_does_not_hide_ours(self) -> None:
        found = read('{"status":"complete", "epoch": 1772366400000}\n{"status":"healthy"}').setup
        assert found is not None and found.status == "complete"

    @pytest.mark.parametrize("epoch", ["-1", "0", "true", '"soon"', "NaN", "1e300", "1" + "0" * 400])
    def test_a_time_that_cannot_be_meant_is_no_time(self, epoch: str) -> None:
        found = read(f'{{"status":"running", "epoch": {epoch}}}').setup
        assert found is not None and found.at is None


class TestForward:
    @pytest.mark.parametrize(
        ("stored", "seen"),
        [("", "starting"), ("waiting", "running"), ("starting", "complete"), ("running", "error")],
    )
    def test_a_later_status_is_taken(self, stored: str, seen: str) -> None:
        assert forward(stored, seen) == seen

    @pytest.mark.parametrize(
        ("stored", "seen"),
        [("running", "starting"), ("complete", "running"), ("complete", "error"), ("error", "running")],
    )
    def test_an_earlier_status_is_not(self, stored: str, seen: str) -> None:
        assert forward(stored, seen) == stored

    def test_a_machine_given_up_on_may_still_complete(self) -> None:
        assert forward("timeout", "complete") == "complete"

    def test_but_not_go_back_to_running(self) -> None:
        assert forward("timeout", "running") == "timeout"


class TestUsage:
    def test_lines_come_in_order_of_time_each_minute_once(self) -> None:
        text = "\n".join([usage(EPOCH + 60, 20), usage(EPOCH, 10), usage(EPOCH, 11)])
        assert [(line.at, line.cpu) for line in read(text).usage] == [
            (AT, 11.0),
            (datetime(2026, 3, 1, 12, 1, tzinfo=UTC), 20.0),
        ]

    def test_every_value_is_read(self) -> None:
        (line,) = read(usage(gpuPctUsed=[7, 93])).usage
        assert (line.cpu, line.ram, line.disk, line.gpus) == (12.0, 34.0, 56.0, (7.0, 93.0))

    def test_one_gpu_may_come_as_a_bare_number(self) -> None:
        assert read(usage(gpuPctUsed=42)).usage[0].gpus == (42.0,)

    def test_a_gpu_that_was_not_measured_keeps_its_place(self) -> None:
        assert read(usage(gpuPctUsed=[None, 93])).usage[0].gpus == (None, 93.0)
        assert read(usage(gpuPctUsed=[None])).usage[0].gpus is None

    @pytest.mark.parametrize("prefix", ["[   12.345678] ", "[T1] kernel: ", "\x1b[0m"])
    def test_what_the_kernel_puts_before_a_line_does_not_matter(self, prefix: str) -> None:
        assert read(prefix + usage() + "\r").usage[0].cpu == 12.0

    @pytest.mark.parametrize("line", [usage()[:40], usage() + usage(60), "{" * 100_000 + usage()])
    def test_a_line_that_was_cut_or_run_into_another_is_left_out(self, line: str) -> None:
        assert [found.at for found in read(f"{line}\n{usage()}").usage] == [AT]

    def test_a_line_as_long_as_the_log_is_survived(self) -> None:
        assert read('{"cpuPctUsed": ' + "9" * 600_000 + "}\n" + usage()).usage[0].cpu == 12.0

    def test_older_guests_that_omit_gpus_have_none(self) -> None:
        assert (
            read('{"epoch": 1772366400, "cpuPctUsed": 1, "memPctUsed": 2, "rootfsPctUsed": 3}').usage[0].gpus
            is None
        )

    @pytest.mark.parametrize("value", [-1, 101, "12", True, None, [1], {"a": 1}])
    def test_a_value_that_cannot_be_meant_is_not_measured(self, value: object) -> None:
        (line,) = read(usage(cpu=value)).usage
        assert line.cpu is None and line.ram == 34.0

    @pytest.mark.parametrize("epoch", [-5, 0, "now", None, True, 10**400])
    def test_a_line_without_a_time_is_left_out(self, epoch: object) -> None:
        assert read(usage(epoch)).usage == ()

    def test_a_thousand_gpus_are_cut(self) -> None:
        gpus = read(usage(gpuPctUsed=[1] * 1000)).usage[0].gpus
        assert gpus is not None and len(gpus) == 16

    def test_a_usage_line_is_no_set_up_line(self) -> None:
        assert read(usage(status="complete")).setup is None


class TestHostKeys:
    def test_a_block_gives_its_keys_without_comments(self) -> None:
        keys = [public_key(), public_key("ecdsa-sha2-nistp256"), public_key("ssh-rsa")]
        text = block(*(f"{key} root@machine" for key in keys))
        assert list(read(text).host_keys) == keys

    def test_a_rebuilt_machine_has_the_keys_of_its_last_block(self) -> None:
        old, new = public_key(), public_key()
        assert read(f"{block(old)}\nboot\n{block(new)}").host_keys == (new,)

    def test_a_block_that_has_not_ended_yet_counts_for_nothing(self) -> None:
        old, new = public_key(), public_key()
        unfinished = block(new).rsplit("\n", 1)[0]
        assert read(f"{block(old)}\n{unfinished}").host_keys == (old,)

    def test_a_key_outside_a_block_is_no_host_key(self) -> None:
        assert read(f"ci-info: | {public_key()} |").host_keys == ()

    def test_log_prefixes_are_tolerated(self) -> None:
        key = public_key()
        text = "\r\n".join(f"<14>Mar  1 12:00:00 cloud-init: {line}" for line in block(key).splitlines())
        assert read(text).host_keys == (key,)

    def test_a_key_cut_by_a_kernel_message_is_left_out_and_the_others_stay(self) -> None:
        whole, cut = public_key(), public_key()
        broken = f"{cut[:40]}[   12.0] random: crng init done\n{cut[40:]}"
        assert read(block(broken, whole)).host_keys == (whole,)

    def test_a_key_whose_inside_is_of_another_type_is_refused(self) -> None:
        lie = "ssh-rsa " + public_key().split()[1]
        assert read(block(lie)).host_keys == ()

    def test_a_block_of_a_thousand_keys_is_cut(self) -> None:
        keys = [public_key() for _ in range(12)]
        assert list(read(block(*keys)).host_keys) == keys[:8]


class TestBootScript:
    def test_its_exit_code_is_read(self) -> None:
        found = read('{"helio": "boot-script", "exit": 3, "epoch": 1772366400}').boot_script
        assert found is not None and (found.exit_code, found.at) == (3, AT)

    def test_interrupted_is_no_code(self) -> None:
        found = read('{"helio": "boot-script", "exit": null, "epoch": 1772366400}').boot_script
        assert found is not None and found.exit_code is None

    @pytest.mark.parametrize("code", ["-1", "256", "true", '"0"', "1.5"])
    def test_a_code_that_no_program_has_is_none(self, code: str) -> None:
        found = read(f'{{"helio": "boot-script", "exit": {code}}}').boot_script
        assert found is not None and found.exit_code is None

    def test_silence_is_nothing(self) -> None:
        assert read("login: ") == Reading()


class TestHostileText:
    @given(st.text())
    def test_no_text_raises(self, text: str) -> None:
        read(text)

    @given(
        st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5), st.lists)
    )
    def test_no_value_raises(self, value: object) -> None:
        for key in ("status", "epoch", "cpuPctUsed", "gpuPctUsed", "exit", "helio"):
            fields = {"status": "running", "epoch": 1, "cpuPctUsed": 1, key: value}
            read(json.dumps(fields))
            read(json.dumps({"helio": "boot-script", key: value}))

    def test_deep_nesting_is_only_a_bad_line(self) -> None:
        deep = '{"status":' + "[" * 100_000 + "]" * 100_000 + "}"
        found = read(f'{deep}\n{{"status":"running"}}').setup
        assert found is not None and found.status == "running"

    def test_only_the_end_of_a_huge_log_is_read(self) -> None:
        assert read('{"status":"complete"}\n' + "x" * 600_000).setup is None
