"""The ways by which what comes back is read: a Maildir, IMAP, standard input. Webhooks are ``bot.delivery.hooks``."""
