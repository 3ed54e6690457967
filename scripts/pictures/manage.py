"""`manage.py` at the time of the pictures' market."""

import os
import sys

from django.core.management import execute_from_command_line

from scripts.pictures.clock import installed

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quantumleap.settings")
    installed()
    execute_from_command_line(sys.argv)
