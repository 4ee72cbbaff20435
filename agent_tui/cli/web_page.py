"""The page around the workstation: textual-serve behind a key that only the one who started it has.

The link holds the key; the first visit turns it into a cookie, so that it stays out of the address
bar and of what the browser tells others. Another page open in the same browser can do nothing here:
it has no key, and a connection must come from this very page. Nothing is fetched from elsewhere.
"""

from __future__ import annotations

import hmac
import logging
import re
import secrets
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from textual_serve.server import Server

from agent_tui.cli import output
from agent_tui.lang import Both

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

OPEN_PATHS = ("/static/",)  # letters and scripts, nobody's data
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline';"
        " img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

ELSEWHERE = re.compile(r'<link[^>]*href="https://fonts[^>]*>')
# Keys go to the terminal from the beginning, without a click. It is told more than once: Textual
# takes its own beginning for a loss of focus, and may come to that after the first telling.
FOCUS = """<script>
let told = 0;
const waiting = setInterval(() => {
  const terminal = document.querySelector(".-first-byte textarea");
  if (!terminal) return;
  if (document.activeElement !== terminal) terminal.focus();
  else if (told % 10 == 0) terminal.dispatchEvent(new FocusEvent("focus"));
  if (++told > 200) clearInterval(waiting);
}, 50);
</script>"""


class Page(Server):
    """Runs `command`, a Textual program, for each tab that shows the key."""

    def __init__(self, command: str, host: str, port: int) -> None:
        super().__init__(command, host=host, port=port, title="agent-tui")
        self.key = secrets.token_urlsafe(24)
        self._cookie = f"agent_tui_{port}"  # cookies know no ports

    @property
    def link(self) -> str:
        """What to open."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{name}:{self.port}/?key={self.key}"

    def initialize_logging(self) -> None:
        """Only what went wrong."""
        logging.basicConfig(level=logging.WARNING, format="%(message)s")

    async def on_startup(self, app: web.Application) -> None:
        """Nothing is said before it can be reached."""

    def serve(self, debug: bool = False) -> None:
        """Until Ctrl+C or a signal. Says where it is once it can be reached: for one person."""
        self.initialize_logging()

        def ready(*banner: object) -> None:
            output.say(f"ready {self.link}")
            output.note(str(Both("Ctrl+C 结束", "Ctrl+C ends it")) + "\n")
            sys.stdout.flush()

        web.run_app(self._make_app(), host=self.host, port=self.port, print=ready, access_log=None)

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self._guard())
        return app

    async def handle_index(self, request: web.Request) -> Any:
        """The page, its addresses being those that it was asked for by."""
        self.public_url = f"http://{request.host}"
        page = await super().handle_index(request)
        assert isinstance(page, web.Response) and page.text is not None
        page.text = ELSEWHERE.sub("", page.text).replace("</body>", f"{FOCUS}</body>")
        return page

    def _guard(self) -> Any:
        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            given = request.query.get("key", "")
            if request.path == "/" and self._is_key(given):
                answer: web.StreamResponse = web.Response(status=303, headers={"Location": "/"})
                answer.set_cookie(
                    self._cookie, self.key, httponly=True, samesite="Strict", path="/"
                )
            elif request.path.startswith(OPEN_PATHS):
                answer = await handler(request)
            elif not self._is_key(request.cookies.get(self._cookie, "")):
                words = Both(
                    "请用启动时给出的链接打开", "open the link that was printed at the start"
                )
                raise web.HTTPForbidden(text=f"{words.zh}\n{words.en}\n")
            elif request.headers.get("Origin", own := f"http://{request.host}") != own:
                raise web.HTTPForbidden(text="another page's\n")
            else:
                answer = await handler(request)
            if not answer.prepared:
                answer.headers.update(HEADERS)
            return answer

        return guard

    def _is_key(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self.key.encode())
