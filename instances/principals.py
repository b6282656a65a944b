"""What a certificate must name to be let in. Pure: guests are told it, and the portal's authority signs it."""

# The login of jump hosts, which may pass connections on and do nothing else (`guest/jump.sh`).
JUMP_LOGIN = "heliojump"


def principal(instance_id: object, login: str) -> str:
    """Of one machine and one login: a certificate for it opens no other."""
    return f"{instance_id}:{login}"
