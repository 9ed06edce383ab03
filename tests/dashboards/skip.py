"""Skips by name what a machine cannot run. ctest counts exit code 77 as skipped."""

import shutil
import sys


def needs(what, there):
    if not there:
        print(f"SKIPPED-NEEDS: {what}", flush=True)
        sys.exit(77)


def needs_program(name):
    needs(name, shutil.which(name))
