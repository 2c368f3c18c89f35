"""What a teacher needs: ``python -m helpers.classroom release|grade DIR``.

``release`` writes the students' edition of the course, without solutions, and the instructor's for
nbgrader. ``grade`` runs what is in ``DIR/submitted`` and writes ``DIR/marks.csv``, a line for each
student and exercise with the reason where there is no point.
"""

import argparse
import sys
from pathlib import Path

from helpers.course import classroom, printable


def main(arguments: list[str] | None = None) -> None:
    """Run the command line: see ``python -m helpers.classroom --help``."""
    printable()
    parser = argparse.ArgumentParser(prog="python -m helpers.classroom", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    release = commands.add_parser("release", help="write both editions into a new folder")
    grade = commands.add_parser("grade", help="grade what was handed in")
    for command in (release, grade):
        command.add_argument("folder", metavar="DIR", type=Path)
    grade.add_argument(
        "--own", action="store_true", help="without nbgrader, even where it is installed"
    )
    options = parser.parse_args(arguments)
    try:
        if options.command == "release":
            classroom.release(options.folder)
            print(f"{options.folder}: hand out student; source is yours alone")
        else:
            marks = classroom.grade(options.folder, False if options.own else None)
            classroom.write_marks(marks, options.folder / "marks.csv")
            full = sum(mark.points for mark in marks)
            print(f"{options.folder / 'marks.csv'}: {full} points of {sum(m.of for m in marks)}")
    except OSError as error:
        parser.error(str(error))


if __name__ == "__main__":
    sys.exit(main())
