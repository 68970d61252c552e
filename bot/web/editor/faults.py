"""Why a source is not read, as an editor reads it."""

from __future__ import annotations

from bot.sources.fault import Fault, fault_of
from bot.speech.catalog import N_, _
from bot.speech.phrases import told

FAULTS = {
    Fault.CERTIFICATE_EXPIRED: N_("The site’s certificate has expired. Its owner must renew it."),
    Fault.CERTIFICATE: N_("The site’s certificate is not valid. Its owner must mend it."),
    Fault.NO_TLS: N_("The site does not answer by https as it should. Try its address with http:// before it."),
    Fault.NO_NAME: N_("There is no site of this name. Look at the spelling."),
    Fault.INTERNAL: N_("The address leads inside this network. Broadsheet never goes there."),
    Fault.NO_CONNECTION: N_("The site does not answer. It may be down for a while."),
    Fault.SLOW: N_("The site is too slow to answer. It is tried again."),
    Fault.LOGIN: N_("The site asks for a login. A source must be public."),
    Fault.REFUSED: N_("The site refuses us. Its owner may have to let Broadsheet in."),
    Fault.MISSING: N_("There is nothing at this address any more. Look for the new one."),
    Fault.GONE: N_("The site says that it is gone for good. Look for the new address."),
    Fault.BUSY: N_("The site asks us to come later. We do."),
    Fault.SERVER: N_("The site has a fault of its own. It is tried again."),
    Fault.TOO_LARGE: N_("What it sends is too large to be read."),
    Fault.NO_FEED: N_(
        "No feed and no WordPress was found there. Look for an RSS link on the site and paste its address."
    ),
    Fault.BROKEN: N_("What it sends is damaged and cannot be read. Its owner must mend it."),
    Fault.EMPTY: N_("It can be read, but there is no article in it yet."),
    Fault.FOLDER: N_("The folder is not there. Its path must be corrected, or the folder made."),
    Fault.OTHER: N_("It could not be read. This is what was said:"),
}


def in_words(error: str) -> str:
    """What an error of a visit, or of a search, means; where nobody knows, what was said is quoted."""
    fault = fault_of(error)
    return f"{_(FAULTS[fault])} {told(error)}" if fault is Fault.OTHER else _(FAULTS[fault])
