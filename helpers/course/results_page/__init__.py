"""The page ``docs/results.md``: the paper against this course, written from the stored results."""

from helpers.course.results_page.page import update

__all__ = ["update"]
