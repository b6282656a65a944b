"""The portal's SSH certificate authority, for its operators. Private keys are never printed."""

import asyncio
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from instances.models import Instance
from instances.remote import rotation
from instances.remote.updating import Told, tell_all
from portal.core.errors import PortalError


class Command(BaseCommand):
    help = (
        "List, make, rotate and retire the authorities that sign SSH certificates; tell machines of new ones."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="every authority, and how many machines trust it")
        for verb, words in (
            ("create", "make the next authority"),
            ("rotate", "the same, and tell machines at once"),
        ):
            made = verbs.add_parser(verb, help=words)
            made.add_argument(
                "--private-key", type=Path, help="an OpenSSH private key of your own, unencrypted"
            )
        retire = verbs.add_parser("retire", help="sign with it no more")
        retire.add_argument("generation", type=int)
        retire.add_argument("--force", action="store_true", help="although machines know no other")
        update = verbs.add_parser(
            "update-machines", help="tell every machine that can be reached of all authorities"
        )
        update.add_argument("--at-once", type=int, default=10, help="machines at the same time")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, "_" + options["verb"].replace("-", "_"))(options)
        except PortalError as error:
            words = error.problem
            raise CommandError(f"{words.title}. {words.what} {words.means} {words.todo}") from None

    def _list(self, options: dict[str, Any]) -> None:
        found = rotation.standing()
        for one in found:
            row = one.authority
            state = f"retired {row.retired_at:%Y-%m-%d}" if row.retired_at else "signs"
            self.stdout.write(
                f"{row.generation:>4}  {state:<18}  made {row.created_at:%Y-%m-%d}  {one.machines} machines trust it, "
                f"{one.only} no other  {one.fingerprint}\n      {row.public_key}"
            )
        if not found:
            self.stdout.write(
                "There is none yet: the first launch or shell makes it, or manage.py ssh_ca create."
            )

    def _create(self, options: dict[str, Any]) -> None:
        path: Path | None = options["private_key"]
        made = rotation.create(_read(path) if path else "")
        self.stdout.write(f"Authority {made.generation} signs from now on:\n{made.public_key}")
        self.stdout.write(
            "Machines learn of it at their next connection, or by manage.py ssh_ca update-machines."
        )

    def _rotate(self, options: dict[str, Any]) -> None:
        self._create(options)
        self._update_machines({**options, "at_once": 10})
        for one in rotation.standing()[1:]:
            if one.authority.retired_at is None and not one.only:
                self.stdout.write(f"Nobody needs authority {one.authority.generation}: ssh_ca retire it.")

    def _retire(self, options: dict[str, Any]) -> None:
        gone = rotation.retire(options["generation"], force=options["force"])
        self.stdout.write(
            f"Authority {gone.generation} signs no more. Machines still trust it until they are told otherwise: run "
            "manage.py ssh_ca update-machines. Its private key stays, sealed."
        )

    def _update_machines(self, options: dict[str, Any]) -> None:
        waiting = rotation.untaught()
        told = asyncio.run(tell_all(waiting, at_once=max(1, options["at_once"]), each=self._say))
        done = sum(one.problem is None for one in told)
        self.stdout.write(
            f"{done} of {len(waiting)} machines were told; the others are, when they are next connected to."
        )

    def _say(self, one: Told) -> None:
        instance: Instance = one.instance
        words = "told" if one.problem is None else one.problem.problem.title
        self.stdout.write(f"  {instance.pk}  {_printable(instance.name)}: {words}")


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _read(path: Path) -> str:
    try:
        if os.stat(path).st_mode & 0o077:
            raise CommandError(f"{path} can be read by others; chmod 600 it first.")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from None
