"""Controls the queue between a receiver of aiortc and its decoder thread, and stops that thread without blocking."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, Queue
from threading import Thread

from aiortc import RTCRtpCodecParameters, RTCRtpReceiver
from aiortc.jitterbuffer import JitterFrame

_POLL_S = 0.01

type Task = tuple[RTCRtpCodecParameters, JitterFrame]


class DecoderQueue:
    """Intercepts the frames that a receiver queues for its decoder thread.

    aiortc's own queue has no limit, and at the end of a call aiortc joins the thread on the event loop: all calls of
    the server would wait until every queued frame is decoded.
    """

    def __init__(self, receiver: RTCRtpReceiver, on_task: Callable[[RTCRtpCodecParameters, JitterFrame], None]):
        """Take over the queue, before the receiver's first packet.

        Args:
            receiver: of any kind of track.
            on_task: called on the event loop with each frame and its codec, in place of the decoder.
        """
        self._receiver = receiver
        self._on_task = on_task
        self._queue: Queue[Task | None] = receiver._RTCRtpReceiver__decoder_queue  # type: ignore[attr-defined]
        self._put = self._queue.put
        self._queue.put = self._take
        self._stop_receiver = receiver.stop
        self._thread: Thread | None = None
        receiver.stop = self._stop  # type: ignore[method-assign]
        receiver._RTCRtpReceiver__stop_decoder = self._stop_decoder  # type: ignore[attr-defined]

    def __len__(self) -> int:
        return self._queue.qsize()

    def put(self, codec: RTCRtpCodecParameters, frame: JitterFrame) -> None:
        """Give the decoder thread a frame."""
        self._put((codec, frame))

    def _take(self, task: Task | None) -> None:
        if task is None:
            self._put(None)
        else:
            self._on_task(*task)

    def _stop_decoder(self) -> None:
        thread: Thread | None = self._receiver._RTCRtpReceiver__decoder_thread  # type: ignore[attr-defined]
        if thread is None:
            return
        self._receiver._RTCRtpReceiver__decoder_thread = None  # type: ignore[attr-defined]
        self._thread = thread
        with suppress(Empty):
            while True:
                self._queue.get_nowait()
        self._put(None)  # ends the thread, which ends the track

    async def _stop(self) -> None:
        await self._stop_receiver()
        self._stop_decoder()
        # A thread that waits for each ending call would enlarge asyncio's pool for good.
        while self._thread is not None and self._thread.is_alive():  # noqa: ASYNC110 - a thread sets no asyncio.Event
            await asyncio.sleep(_POLL_S)
