"""Sends with django-post_office. Run by its own interpreter: FOLDER PORT COUNT; prints {"seconds": …}."""

import json
import time

import django
from django.conf import settings
from letter import ADDRESS, PREFERENCES, UNSUBSCRIBE, arguments, parts

folder, port, count = arguments()
html, plain = parts(folder)

settings.configure(
    SECRET_KEY="bench",
    INSTALLED_APPS=["django.contrib.contenttypes", "post_office"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "db.sqlite3")}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    EMAIL_BACKEND="post_office.EmailBackend",
    EMAIL_HOST="127.0.0.1",
    EMAIL_PORT=port,
    POST_OFFICE={
        "BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"},
        # All in one batch, by as many threads as it takes by default; each keeps its connection.
        "BATCH_SIZE": count,
        "THREADS_PER_PROCESS": 5,
        "BATCH_DELIVERY_TIMEOUT": 3600,
    },
    TEMPLATES=[
        {"BACKEND": "django.template.backends.django.DjangoTemplates"},
        {"BACKEND": "post_office.template.backends.post_office.PostOfficeTemplates", "NAME": "post_office"},
    ],
    LOGGING_CONFIG=None,
    USE_TZ=True,
)
django.setup()

from django.core.management import call_command  # noqa: E402
from post_office import mail  # noqa: E402
from post_office.models import EmailTemplate  # noqa: E402

call_command("migrate", verbosity=0)
marks = {UNSUBSCRIBE: "{{ unsubscribe }}", PREFERENCES: "{{ preferences }}", ADDRESS: "{{ address }}"}
for mark, variable in marks.items():
    html, plain = html.replace(mark, variable), plain.replace(mark, variable)
template = EmailTemplate.objects.create(name="morning", subject="Morning briefing", content=plain, html_content=html)
# Rendered when it is sent, as ours is; queueing is not counted.
mail.send_many(
    [
        {
            "recipients": [f"reader{number}@readers.test"],
            "sender": "The Record <briefing@record.example>",
            "template": template,
            "render_on_delivery": True,
            "context": {
                "unsubscribe": f"https://record.example/u/{number:060d}",
                "preferences": f"https://record.example/p/{number:060d}",
                "address": f"reader{number}@readers.test",
            },
            "headers": {"List-Unsubscribe": f"<https://record.example/u/{number:060d}>"},
        }
        for number in range(count)
    ]
)
began = time.perf_counter()
sent, failed, requeued = mail.send_queued(processes=1)
seconds = time.perf_counter() - began
assert (sent, failed, requeued) == (count, 0, 0), (sent, failed, requeued)
print(json.dumps({"seconds": seconds}))
