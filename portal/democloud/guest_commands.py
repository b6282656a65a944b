"""All programs of the guests: importing this makes them known to `guest_program`."""

from portal.democloud import (
    guest_builtins,
    guest_cmd_admin,
    guest_cmd_echo,
    guest_cmd_files,
    guest_cmd_git,
    guest_cmd_grep,
    guest_cmd_ls,
    guest_cmd_net,
    guest_cmd_pager,
    guest_cmd_process,
    guest_cmd_show,
    guest_cmd_system,
    guest_cmd_tar,
    guest_cmd_test,
    guest_cmd_text,
    guest_cmd_tmux,
)

__all__ = [
    "guest_builtins",
    "guest_cmd_admin",
    "guest_cmd_echo",
    "guest_cmd_files",
    "guest_cmd_git",
    "guest_cmd_grep",
    "guest_cmd_ls",
    "guest_cmd_net",
    "guest_cmd_pager",
    "guest_cmd_process",
    "guest_cmd_show",
    "guest_cmd_system",
    "guest_cmd_tar",
    "guest_cmd_test",
    "guest_cmd_text",
    "guest_cmd_tmux",
]
