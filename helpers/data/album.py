"""The photographs that scikit-image and scikit-learn ship: their titles, sources and licences.

All that come in the two packages without a download are here, but for drawings, silhouettes and
test patterns.
"""

from dataclasses import dataclass

PUBLIC, CC0 = "public domain", "CC0"
UNRESTRICTED, UNSTATED = "no known restrictions", "not stated"


@dataclass(frozen=True)
class Photograph:
    """One photograph.

    Attributes
    ----------
    name : str
        That of the function of ``skimage.data``, or of scikit-learn's file.
    title : str
        What it shows.
    source : str
        Who made it, or where it was found, as the two packages say.
    licence : str
        The same of its licence.
    """

    name: str
    title: str
    source: str
    licence: str


ALBUM = (
    Photograph("astronaut", "Eileen Collins, astronaut", "NASA", PUBLIC),
    Photograph("chelsea", "Chelsea, a cat", "Stéfan van der Walt", CC0),
    Photograph("coffee", "a cup of coffee", "Rachel Michetti, Pikolo Espresso Bar", CC0),
    Photograph("rocket", "start of a Falcon 9", "SpaceX", PUBLIC),
    Photograph("china.jpg", "a palace in China", "danielbuechele on Flickr", "CC BY 2.0"),
    Photograph("flower.jpg", "a dahlia", "vultilion on Flickr", "CC BY 2.0"),
    Photograph("camera", "a man with a camera", "Lav Varshney", CC0),
    Photograph("motorcycle", "a motorcycle", "Scharstein et al., GCPR 2014", "to be cited"),
    Photograph("clock", "a clock, blurred", "Stéfan van der Walt", PUBLIC),
    Photograph("coins", "coins from Pompeii", "Brooklyn Museum", UNRESTRICTED),
    Photograph("hubble_deep_field", "galaxies", "NASA, HubbleSite", PUBLIC),
    Photograph("retina", "a retina", "Mikael Häggström, Wikimedia Commons", CC0),
    Photograph("immunohistochemistry", "glands, stained", "CMMI", UNRESTRICTED),
    Photograph("moon", "the moon's surface", UNSTATED, UNSTATED),
    Photograph("cell", "a cell in saline", "Müller et al., Optics Express 2018", CC0),
    Photograph("brick", "a brick wall", "CC0Textures", CC0),
    Photograph("grass", "grass", "linolafett on DeviantArt", CC0),
    Photograph("gravel", "gravel", "CC0Textures", CC0),
    Photograph("page", "a printed page", UNSTATED, UNSTATED),
    Photograph("text", "writing", "Wikipedia", PUBLIC),
    Photograph("microaneurysms", "a detail of a retina", "Andreas Maier, HRF database", CC0),
)
