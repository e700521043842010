// Opens a page in Chromium or Firefox, waits until a video has some frames, and says what it was.
// node browser.mjs PROGRAM chrome|firefox ADDRESS VIDEO BUTTON|- FRAMES

import puppeteer from 'puppeteer-core';

const [program, browser, address, video, button, frames] = process.argv.slice(2);
const root = process.getuid?.() === 0;
const running = await puppeteer.launch({
  browser,
  executablePath: program,
  headless: true,
  args: browser === 'chrome' ? [
    ...(root ? ['--no-sandbox'] : []),
    '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--disable-gpu', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--autoplay-policy=no-user-gesture-required',
  ] : [],
  extraPrefsFirefox: {
    'media.navigator.streams.fake': true,
    'media.navigator.permission.disabled': true,
    'media.autoplay.default': 0,
    'media.peerconnection.ice.loopback': true,
    'media.peerconnection.ice.obfuscate_host_addresses': false,
    'app.update.enabled': false,
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false,
  },
});
try {
  const page = await running.newPage();
  const logged = [];
  page.on('console', (message) => logged.push(message.text()));
  page.on('pageerror', (error) => logged.push(String(error)));
  // What was decoded is asked of the connections themselves: without a window Firefox counts no frame as shown.
  await page.evaluateOnNewDocument(() => {
    const Original = window.RTCPeerConnection;
    window.connections = [];
    window.RTCPeerConnection = class extends Original {
      constructor(...given) {
        super(...given);
        window.connections.push(this);
      }
    };
  });
  await page.goto(address);
  if (button !== '-') {
    await page.waitForSelector(`${button}:not([disabled])`);
    await page.click(button);
  }
  const observe = () => page.evaluate(async (selector) => {
    const element = document.querySelector(selector);
    let frames = 0;
    for (const connection of window.connections) {
      for (const stats of (await connection.getStats()).values()) {
        if (stats.type === 'inbound-rtp' && stats.kind === 'video') frames += stats.framesDecoded ?? 0;
      }
    }
    return {
      frames,
      width: element?.videoWidth ?? 0,
      height: element?.videoHeight ?? 0,
      state: document.querySelector('#state, #status-what')?.textContent ?? '',
    };
  }, video);
  const until = Date.now() + 45000;
  let seen = await observe();
  while (seen.frames < Number(frames) && Date.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    seen = await observe();
  }
  // Leaving a page must end its call.
  await page.goto('about:blank');
  await new Promise((resolve) => setTimeout(resolve, 500));
  console.log(JSON.stringify({ ...seen, logged: logged.slice(-5), version: await running.version() }));
} finally {
  await running.close();
}
