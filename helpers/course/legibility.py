"""Text that can be read: the contrast of colours, and the ink that a background needs."""

import numpy as np
from matplotlib.colors import to_rgb


def contrast(first, second) -> float:
    """Return the contrast ratio of two colours, from 1 to 21; text needs 4.5.

    References
    ----------
    W3C, Web Content Accessibility Guidelines 2.1, success criterion 1.4.3.
    """
    luminances = []
    for colour in (first, second):
        shares = np.array(to_rgb(colour))
        linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
        luminances.append(linear @ (0.2126, 0.7152, 0.0722))
    return (max(luminances) + 0.05) / (min(luminances) + 0.05)


def ink(background) -> str:
    """Return the colour of text on a background: black or white, whichever is read better."""
    return max("black", "white", key=lambda text: contrast(text, background))
