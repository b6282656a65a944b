"""What of machines an operator does not see while they look as somebody: the way to a machine's screen."""

from portal.accounts import looking

looking.close({"instances:console", "instances:screen"})
