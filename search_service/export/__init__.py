"""Export to COCO and YOLO, from Label Studio's own JSON.

Label Studio's exporters lose brush masks and scores, count an object with a box and a mask twice, and put server paths
into file names; this package reads the annotations and writes the formats itself.
"""

from search_service.export.run import FORMATS, count_images, export_project, preview_export
from search_service.export.source import SOURCES
from search_service.export.splits import parse_splits

__all__ = ["FORMATS", "SOURCES", "count_images", "export_project", "parse_splits", "preview_export"]
