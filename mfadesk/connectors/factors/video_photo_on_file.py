"""A video service that watches for virtual cameras and gives random prompts; an operator attests the photo.

A real connector fetches the session's verdict from the service. This twin plays it.
"""

from __future__ import annotations

from mfadesk.connectors.factors.twin import Twin


class Service(Twin):
    """The twin of `video_photo_on_file`."""

    method = "video_photo_on_file"
    asks_for = "Join the video call from the camera of a managed device and follow the prompts."
    answered_by = "service"
