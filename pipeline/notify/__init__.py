"""Notices of items to the outside: webhook and e-mail, off until configured.

What they say is what an inbox outside the desk may hold: item, rule, level, unit, deadline, link;
no ticket, no text of a ticket, nothing confidential.
"""

from pipeline.notify.channels import Channel, channels
from pipeline.notify.message import Notice, Undelivered

__all__ = ["Channel", "Notice", "Undelivered", "channels"]
