"""The languages in which Broadsheet speaks to who runs it: the desk's pages, and the mails that lead to them.

Readers are spoken to by ``bot.audience.words``: in more languages, and in the newsroom's own words where it has some.
"""
