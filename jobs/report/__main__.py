"""`spark-submit jobs/report/__main__.py`: a package has no file of its own to submit."""

import sys

from jobs import command

sys.exit(command.cli(["report", *sys.argv[1:]]))
