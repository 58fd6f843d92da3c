// Chromium, and pages that note what they ask for and what they are refused.

import { CHROMIUM, chromium } from "./places.mjs";

// A sandbox within a container of root's is not to be had.
const SANDBOX = process.getuid() === 0 ? ["--no-sandbox"] : [];

/** Starts the browser that the system has. */
export function launch() {
  return chromium.launch({ executablePath: CHROMIUM, args: SANDBOX });
}

/** A page of nobody's session, and all that it asked for and complained of. */
export async function open(browser, url, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1200, height: 900 },
    reducedMotion: "reduce",
    ...options,
  });
  const page = await context.newPage();
  const noted = { requests: [], complaints: [] };
  page.on("request", (request) => noted.requests.push(request.url()));
  page.on("pageerror", (error) => noted.complaints.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) {
      noted.complaints.push(message.text());
    }
  });
  await page.goto(url);
  return { page, noted };
}

/** What of `requests` went to others than `origin`. */
export function elsewhere(requests, origin) {
  return requests.filter((url) => !url.startsWith(`${origin}/`) && !url.startsWith("data:"));
}
