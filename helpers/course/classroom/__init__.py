"""What a teacher hands out, grades and publishes, all of it written from the one source.

`release` writes the students' edition, without solutions, and the instructor's, as nbgrader wants
it; `grade` runs what was handed in and says why an exercise has no point; `site` and `slides` make
pages of the stored chapters, whose pictures, formulas and scripts need no network.
"""

from helpers.course.classroom.decks import slides
from helpers.course.classroom.grading import Mark, grade, totals, write_marks
from helpers.course.classroom.handing_out import release
from helpers.course.classroom.prerequisites import ask_all, self_test
from helpers.course.classroom.website import site

__all__ = [
    "Mark",
    "ask_all",
    "grade",
    "release",
    "self_test",
    "site",
    "slides",
    "totals",
    "write_marks",
]
