"""The registry that betterproto2's generated messages enter themselves in."""

import betterproto2

default_message_pool = betterproto2.MessagePool()
