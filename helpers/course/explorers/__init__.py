"""The explorers of each chapter: what their controls move, and how the picture is drawn.

An explorer holds no maths: it draws what functions of the course compute.
"""

from helpers.course.explorers.adversarial_training import pool_entry
from helpers.course.explorers.blind_spots import around_an_image
from helpers.course.explorers.cross_model import cross_model
from helpers.course.explorers.cross_training_set import cross_training_set
from helpers.course.explorers.discussion import straight_line
from helpers.course.explorers.formal_description import flight_recorder, penalty
from helpers.course.explorers.framework import first_layer
from helpers.course.explorers.imagenet import your_picture
from helpers.course.explorers.introduction import adversarial_digit
from helpers.course.explorers.minimal_distortion import sandwich
from helpers.course.explorers.pad import drawing_pad
from helpers.course.explorers.plane import plane
from helpers.course.explorers.quocnet import detection
from helpers.course.explorers.spectral_analysis import frequency_response
from helpers.course.explorers.units import top_images

__all__ = [
    "adversarial_digit",
    "around_an_image",
    "cross_model",
    "cross_training_set",
    "detection",
    "drawing_pad",
    "first_layer",
    "flight_recorder",
    "frequency_response",
    "penalty",
    "plane",
    "pool_entry",
    "sandwich",
    "straight_line",
    "top_images",
    "your_picture",
]
