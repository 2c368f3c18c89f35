"""Pages of notebooks whose pictures have their texts: for ``jupyter nbconvert --config``."""

from pathlib import Path

c = get_config()  # noqa: F821
c.TemplateExporter.extra_template_basedirs = [str(Path(__file__).parent)]
c.HTMLExporter.template_name = "course"
