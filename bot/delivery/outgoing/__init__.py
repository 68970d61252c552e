"""Other programs of the newsroom are told what happens here (Standard Webhooks). Not the channel, which posts; nor
``bot.delivery.hooks``, by which providers tell us.
"""
