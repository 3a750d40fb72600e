"""Django's handle on the side room; only demo mode installs it."""

from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class DemoConfig(AppConfig):
    """The side room. It shows every secret of the example people, so it refuses to load where demo mode is off."""

    name = "mfadesk.demo"
    label = "demo"

    def ready(self) -> None:
        if not settings.CONFIG.demo:
            raise ImproperlyConfigured("The side room belongs to demo mode and cannot be installed on a real desk.")
