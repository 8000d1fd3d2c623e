import json
import logging

from django.conf import settings
from django.http import HttpResponse, HttpResponseForbidden, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from . import sns, uploads
from .models import Photo

log = logging.getLogger(__name__)


@require_GET
def index(request):
    return render(request, "photos/index.html", {"photos": Photo.objects.order_by("-created")[:50]})


@require_POST
def create(request):
    """The form for one upload of the type `content_type`. Let only those call it who may upload."""
    content_type = request.POST.get("content_type")
    if content_type not in uploads.SUFFIXES:
        return JsonResponse({"error": "this type of file is not accepted"}, status=415)
    photo = Photo.objects.create(key=uploads.new_key(content_type))
    return JsonResponse({"id": photo.pk, **uploads.form(photo.key, content_type)}, status=201)


@csrf_exempt
@require_POST
def notifications(request):
    """Takes what SNS posts. An answer other than 2xx makes SNS send it again."""
    try:
        envelope = sns.verified(request.body, settings.IMGPREP_TOPIC_ARN)
    except sns.Untrusted as error:
        log.warning("refused a message: %s", error)
        return HttpResponseForbidden()
    if envelope["Type"] == "SubscriptionConfirmation":
        sns.confirm(envelope, settings.IMGPREP_TOPIC_ARN)
    elif envelope["Type"] == "Notification":
        Photo.apply(json.loads(envelope["Message"]))
    return HttpResponse(status=204)
