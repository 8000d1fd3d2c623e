from django.db import models


class Photo(models.Model):
    """An upload. Its key is that of the original, without the folder."""

    class State(models.TextChoices):
        """After `PENDING`, the events that imgprep reports."""

        PENDING = "pending"
        READY = "ready"
        FAILED = "failed"
        REMOVED = "removed"

    key = models.CharField(max_length=255, unique=True)
    state = models.CharField(max_length=7, choices=State, default=State.PENDING)
    thumbhash = models.CharField(max_length=64, blank=True)
    colour = models.CharField(max_length=7, blank=True)
    # As in the message: folder, url, width, height, bytes, content_type.
    variants = models.JSONField(default=list)
    reason = models.TextField(blank=True)
    created = models.DateTimeField(auto_now_add=True)

    @classmethod
    def apply(cls, message):
        """Takes a message of `[notify]`. A repeated message says the same, so it may be taken again.

        A key that is not here is somebody else's upload, or was deleted since.
        """
        cls.objects.filter(key=message["name"]).update(
            state=cls.State(message["event"]),
            thumbhash=message["thumbhash"] or "",
            colour=message["colour"] or "",
            variants=message["variants"],
            reason=message["reason"] or "",
        )
