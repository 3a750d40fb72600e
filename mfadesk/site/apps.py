"""Django's handle on this room; registers the checks that refuse contradictory settings."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """Sign-in pages, health and the shared cache."""

    name = "mfadesk.site"
    label = "desk_site"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from mfadesk.site import checks  # noqa: F401 - importing registers them
