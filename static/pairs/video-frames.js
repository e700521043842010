/** Whether this browser reports which frames it presents. */
export const TELLS_PRESENTED = 'requestVideoFrameCallback' in HTMLVideoElement.prototype;

/**
 * Calls back for each frame that a video element presents.
 * @param {HTMLVideoElement} video
 * @param {(now: number, metadata: Partial<VideoFrameCallbackMetadata>) => void} onFrame in the rendering step
 *   in which the frame can be drawn; without metadata if the browser has none
 * @param {AbortSignal} signal ends it
 */
export function followFrames(video, onFrame, signal) {
  if (TELLS_PRESENTED) {
    /** @type {VideoFrameRequestCallback} */
    const presented = (now, metadata) => {
      if (signal.aborted) return;
      video.requestVideoFrameCallback(presented);
      onFrame(now, metadata);
    };
    video.requestVideoFrameCallback(presented);
    return;
  }
  let shown = -1;
  /** @param {number} now */
  const look = (now) => {
    if (signal.aborted) return;
    requestAnimationFrame(look);
    if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || video.currentTime === shown) return;
    shown = video.currentTime;
    onFrame(now, {});
  };
  requestAnimationFrame(look);
}
