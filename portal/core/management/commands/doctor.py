"""manage.py doctor: walks through everything that the portal stands on, and says what to do."""

import logging
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal.core import doctor, doctor_report


class Command(BaseCommand):
    help = (
        "Examines settings, database, Redis, workers, mail, sign-in, clouds, services and credentials. Reads only. "
        "Exit status: 0 it works (perhaps degraded), 1 degraded and --strict was given, 2 something is broken."
    )
    # What Django would check first is one of the things that are examined and told here.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--cloud", default="", help="only this cloud of portal.yaml")
        parser.add_argument("--as", dest="person", default="", help="whose credential to look at clouds with")
        parser.add_argument("--no-network", action="store_true", help="ask nothing outside of this machine")
        parser.add_argument("--strict", action="store_true", help="exit with 1 when something is degraded")
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        plan = doctor.Plan(
            cloud=options["cloud"], network=not options["no_network"], person=options["person"]
        )
        # What is in trouble is told as a finding, and not between the lines as well.
        logging.disable(logging.WARNING)
        try:
            found = self._told(plan, options)
        finally:
            logging.disable(logging.NOTSET)
        if found:
            sys.exit(found)

    def _told(self, plan: doctor.Plan, options: dict[str, Any]) -> int:
        groups = []
        if not options["json"]:
            self.stdout.write(doctor_report.KEY)
        for group in doctor.examine(plan):
            groups.append(group)
            if not options["json"]:
                self.stdout.write("\n".join(doctor_report.lines(group)))
                self.stdout.flush()
        if options["json"]:
            self.stdout.write(doctor_report.as_json(groups, strict=options["strict"]))
        else:
            self.stdout.write(f"\n{doctor_report.summary(groups)}")
        return doctor_report.status(groups, strict=options["strict"])
