"""Sends with Mailman 3. Run by its own interpreter: FOLDER PORT COUNT; prints {"seconds": …}."""

import json
import time
from email import message_from_bytes
from email.message import EmailMessage

from letter import arguments, filled, parts
from mailman.config import config
from mailman.core.initialize import initialize

folder, port, count = arguments()
html, plain = parts(folder)

file = folder / "mailman.cfg"
file.write_text(
    f"""
[mailman]
layout: bench
[paths.bench]
var_dir: {folder}/var
[mta]
incoming: mailman.mta.null.NullMTA
smtp_host: 127.0.0.1
smtp_port: {port}
max_sessions_per_connection: 0
configuration: python:mailman.config.mta
"""
)
initialize(str(file))

from mailman.app.lifecycle import create_list  # noqa: E402
from mailman.database.transaction import transaction  # noqa: E402
from mailman.email.message import Message  # noqa: E402
from mailman.interfaces.domain import IDomainManager  # noqa: E402
from mailman.interfaces.mailinglist import Personalization  # noqa: E402
from mailman.interfaces.usermanager import IUserManager  # noqa: E402
from mailman.runners.outgoing import OutgoingRunner  # noqa: E402
from zope.component import getUtility  # noqa: E402


class UntilEmpty(OutgoingRunner):
    """The outgoing runner, which ends when its queue is empty instead of waiting for more."""

    def _do_periodic(self) -> None:
        super()._do_periodic()
        if not self.switchboard.files:
            self.stop()


with transaction():
    getUtility(IDomainManager).add("record.example")
    mlist = create_list("briefing@record.example", ["owner@record.example"])
    mlist.personalize = Personalization.full
    users = getUtility(IUserManager)
    recipients = set()
    for number in range(count):
        user = users.create_user(f"reader{number}@readers.test", f"Reader {number}")
        address = next(iter(user.addresses))
        mlist.subscribe(address)
        recipients.add(address.email)

# It personalises the field To and, where it is told to, its footer; the body is the same for all.
letter = EmailMessage()
letter["From"] = "The Record <briefing@record.example>"
letter["To"] = "briefing@record.example"
letter["Subject"] = "Morning briefing"
letter["Message-ID"] = "<1@record.example>"
letter.set_content(filled(plain, 0))
letter.add_alternative(filled(html, 0), subtype="html")

message = message_from_bytes(letter.as_bytes(), _class=Message)
config.switchboards["out"].enqueue(message, listid=mlist.list_id, recipients=recipients)
runner = UntilEmpty("out")
began = time.perf_counter()
runner.run()
seconds = time.perf_counter() - began
assert not config.switchboards["shunt"].files, "Mailman put the message aside; see its logs"
assert not config.switchboards["retry"].files
print(json.dumps({"seconds": seconds}))
