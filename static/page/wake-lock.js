/** Keeps the screen on during a call, where the browser can. */

/** @type {WakeLockSentinel | null} */
let lock = null;
let wanted = false;

/** @param {boolean} on */
export async function keepScreenOn(on) {
  wanted = on;
  if (!on) {
    lock?.release();
    lock = null;
    return;
  }
  // The browser releases it in a hidden tab, and refuses it there.
  if (!document.hidden && (!lock || lock.released)) {
    lock = await navigator.wakeLock?.request('screen').catch(() => null) ?? null;
    if (!wanted) lock?.release();
  }
}

document.addEventListener('visibilitychange', () => {
  if (wanted) keepScreenOn(true);
});
