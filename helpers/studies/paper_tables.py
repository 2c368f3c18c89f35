"""The paper's Tables 1 to 4 as numbers: what `helpers.studies.recipes` explains.

Errors are in percent. Those on examples are of 256 images, see chapter 7, and a mean distortion
has a standard error of about 0.0247 / 16: so far, within 0.001, do FC100-100-10's minimal
distortions spread over MNIST's test images.
"""

IMAGES = 256  # that the tables seem to be of: chapter 7
DISTORTION_ERROR = 0.0247 / 16

TABLE_1 = {  # test error in %, mean minimal distortion
    "FC10(1e-4)": (7.4, 0.062),
    "FC10(1e-2)": (9.4, 0.1),
    "FC10(1)": (20.0, 0.14),
    "FC100-100-10": (1.64, 0.058),
    "FC200-200-10": (1.54, 0.065),
    "AE400-10": (1.9, 0.086),
}
TABLE_2 = {  # error of each of the six, in the order of Table 1, on what was made for one of them
    "FC10(1e-4)": (100, 11.7, 22.7, 2, 3.9, 2.7),
    "FC10(1e-2)": (87.1, 100, 35.2, 35.9, 27.3, 9.8),
    "FC10(1)": (71.9, 76.2, 100, 48.1, 47, 34.4),
    "FC100-100-10": (28.9, 13.7, 21.1, 100, 6.6, 2),
    "FC200-200-10": (38.2, 14, 23.8, 20.3, 100, 2.7),
    "AE400-10": (23.4, 16, 24.8, 9.4, 6.6, 100),
}
TABLE_3 = {  # error on the other half, on the test set, mean minimal distortion
    "FC100-100-10": (2.4, 2.0, 0.062),
    "FC123-456-10": (2.5, 2.1, 0.059),
    "FC100-100-10′": (2.3, 2.1, 0.058),
}
TABLE_4_MINIMAL = {  # error of each of the three
    "FC100-100-10": (100, 26.2, 5.9),
    "FC123-456-10": (6.25, 100, 5.1),
    "FC100-100-10′": (8.2, 8.2, 100),
    "noise": (2.2, 2.6, 2.4),
}
TABLE_4_STRETCHED = {
    "FC100-100-10": (100, 98, 43),
    "FC123-456-10": (96, 100, 22),
    "FC100-100-10′": (27, 50, 100),
    "noise": (2.6, 2.8, 2.7),
}
