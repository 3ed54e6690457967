"""Every way in: HTTP, the pages' sockets, and the engine's lanes."""

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ChannelNameRouter, ProtocolTypeRouter, URLRouter

from quantumleap.http import get_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quantumleap.settings")
http = get_application()

# these need the apps, which the line above has loaded
from dashboard.origins import SameOriginValidator  # noqa: E402
from dashboard.polled import PolledReads  # noqa: E402
from dashboard.routing import websocket_urlpatterns  # noqa: E402
from engine.consumers import lane_consumers  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": PolledReads(http),
        "websocket": SameOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
        "channel": ChannelNameRouter(lane_consumers()),
    }
)
