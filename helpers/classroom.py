"""What a teacher needs: ``python -m helpers.classroom release|grade|site|slides DIR``.

``release`` writes the students' edition of the course, without solutions, and the instructor's for
nbgrader. ``grade`` runs what is in ``DIR/submitted`` and writes ``DIR/marks.csv``, a line for each
student and exercise with the reason where there is no point. ``site`` makes a website of the
chapters and pages, ``slides`` a deck for each plan of the guide; both need the extra ``site``.
``self-test`` asks a student ten questions on what the course takes for granted.
"""

import argparse
import subprocess
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
    site = commands.add_parser("site", help="write the website into a new folder")
    slides = commands.add_parser("slides", help="write the decks of slides into a new folder")
    for command in (release, grade, site, slides):
        command.add_argument("folder", metavar="DIR", type=Path)
    grade.add_argument(
        "--own", action="store_true", help="without nbgrader, even where it is installed"
    )
    commands.add_parser("self-test", help="ask ten questions on what the course takes for granted")
    options = parser.parse_args(arguments)
    try:
        if options.command == "release":
            classroom.release(options.folder)
            print(f"{options.folder}: hand out student; source is yours alone")
        elif options.command == "self-test":
            classroom.ask_all(input, print)
        elif options.command == "site":
            print(f"{classroom.site(options.folder)}: open README.html")
        elif options.command == "slides":
            for deck in classroom.slides(options.folder):
                print(deck)
        else:
            path = options.folder / "marks.csv"
            if path.exists():
                path.open("a").close()  # raises now, not at the end, where a spreadsheet holds it
            marks = classroom.grade(options.folder, False if options.own else None)
            classroom.write_marks(marks, path)
            for student, (points, of) in classroom.totals(marks).items():
                print(f"{student}: {points} of {of} points")
            print(f"{path} says what for, and why not more")
    except (ModuleNotFoundError, OSError) as error:
        parser.error(str(error))
    except subprocess.CalledProcessError as error:
        name = error.cmd[error.cmd.index("-m") + 1]
        parser.exit(1, f"{name} ended with status {error.returncode}; what it said is above\n")
    except (EOFError, KeyboardInterrupt):  # Ctrl-D, Ctrl-C
        parser.exit(130, "\nstopped\n")


if __name__ == "__main__":
    sys.exit(main())
