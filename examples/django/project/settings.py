"""The least that runs; what your own settings need of it is below the line."""

import os

SECRET_KEY = os.environ["SECRET_KEY"]
ALLOWED_HOSTS = os.environ["ALLOWED_HOSTS"].split(",")
INSTALLED_APPS = ["photos"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]
ROOT_URLCONF = "project.urls"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["DATABASE"]}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True

# ---------------------------------------------------------------------------------------------------

AWS_REGION = os.environ["AWS_REGION"]
IMGPREP_BUCKET = os.environ["IMGPREP_BUCKET"]
IMGPREP_TOPIC_ARN = os.environ["IMGPREP_TOPIC_ARN"]
