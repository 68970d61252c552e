"""Sends with django-newsletter. Run by its own interpreter: FOLDER PORT COUNT; prints {"seconds": …}."""

import json
import time

import django
from django.conf import settings
from django.urls import include, path
from letter import ADDRESS, PREFERENCES, UNSUBSCRIBE, arguments, parts

folder, port, count = arguments()

# Its way to make mails personal: templates of a newsletter's own.
own = folder / "templates" / "newsletter" / "message" / "morning"
own.mkdir(parents=True)
for name, part in zip(("message.html", "message.txt"), parts(folder), strict=True):
    assert "{{" not in part
    assert "{%" not in part
    (own / name).write_text(
        part.replace(UNSUBSCRIBE, "{{ site_url }}{{ subscription.unsubscribe_activate_url }}")
        .replace(PREFERENCES, "{{ site_url }}{{ subscription.update_activate_url }}")
        .replace(ADDRESS, "{{ subscription.email }}")
    )

settings.configure(
    SECRET_KEY="bench",
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django.contrib.sites",
        "django.contrib.admin",
        "newsletter",
    ],
    SITE_ID=1,
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "db.sqlite3")}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    EMAIL_HOST="127.0.0.1",
    EMAIL_PORT=port,
    MIDDLEWARE=[],
    STATIC_URL="/static/",
    MEDIA_URL="/media/",
    NEWSLETTER_THUMBNAIL="sorl-thumbnail",
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [str(folder / "templates")],
            "APP_DIRS": True,
        }
    ],
    LOGGING_CONFIG=None,
    USE_TZ=True,
)
django.setup()
urlpatterns = [path("newsletter/", include("newsletter.urls"))]

from django.core.management import call_command  # noqa: E402
from newsletter.models import Message, Newsletter, Submission, Subscription  # noqa: E402

call_command("migrate", verbosity=0)
newsletter = Newsletter.objects.create(
    title="Morning briefing", slug="morning", email="briefing@record.example", sender="The Record"
)
for number in range(count):
    Subscription.objects.create(
        newsletter=newsletter,
        name_field=f"Reader {number}",
        email_field=f"reader{number}@readers.test",
        subscribed=True,
    )
message = Message.objects.create(title="The tide clock runs again", slug="tide-clock", newsletter=newsletter)
submission = Submission.from_message(message)
began = time.perf_counter()
submission.submit()
seconds = time.perf_counter() - began
assert submission.sent
print(json.dumps({"seconds": seconds}))
