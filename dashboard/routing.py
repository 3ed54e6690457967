"""Which sockets there are. Whatever else is asked for is closed politely, instead of raising in the server's log."""

from channels.generic.websocket import AsyncWebsocketConsumer
from django.urls import re_path

from dashboard.sockets import LiveConsumer


class NoSuchSocket(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        await self.close()


websocket_urlpatterns = [
    re_path(r"^ws/live/$", LiveConsumer.as_asgi()),
    re_path(r"", NoSuchSocket.as_asgi()),
]
