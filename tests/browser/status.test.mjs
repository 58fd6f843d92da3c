// How the gateway stands, as a page on the admin listener.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { elsewhere, launch, open } from "./browser.mjs";
import { start } from "./gateway.mjs";
import { picture } from "./places.mjs";

const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 };

let gateway;
let browser;

before(async () => {
  [gateway, browser] = await Promise.all([start(), launch()]);
  const headers = { authorization: `Bearer ${await gateway.token()}` };
  const order = await fetch(`${gateway.api}/vms/web-01/deallocate`, { method: "POST", headers });
  assert.equal(order.status, 202);
});

after(() => Promise.all([gateway?.stop(), browser?.close()]));

const status = (options) => open(browser, `${gateway.admin}/`, options);

test("the page tells of both tokens", async () => {
  const { page } = await status();
  const section = page.getByRole("region", { name: "Tokens" });
  for (const resource of ["arm", "graph"]) {
    const row = section.getByRole("row").filter({ has: page.getByText(resource, { exact: true }) });
    assert.match(await row.innerText(), /fresh\s+\d+ s\s+in \d+ h/);
  }
  await page.screenshot({ path: picture("status") });
});

test("nobody else is asked for anything, and the policy refuses nothing", async () => {
  const { noted } = await status();
  assert.deepEqual(elsewhere(noted.requests, gateway.admin), []);
  assert.deepEqual(noted.complaints, []);
});

test("an operation under way is counted and not named", async () => {
  const { page } = await status();
  const text = await page.locator("body").innerText();
  assert.match(text, /\b1 power operation under way/);
  assert.ok(!text.includes("web-01"), text);
});

test("the page is loaded again by itself", async () => {
  const { page } = await status();
  await page.waitForEvent("load", { timeout: 15_000 });
});

test("who does not see it can find a way through it", async () => {
  const { page } = await status();
  for (const landmark of ["banner", "navigation", "main", "contentinfo"]) {
    assert.equal(await page.getByRole(landmark).count(), 1, landmark);
  }
  const tables = await page.locator("table").count();
  assert.equal(await page.locator("table > caption").count(), tables);
  assert.equal(await page.locator("th:not([scope])").count(), 0);
});

test("the page fits a phone, by night as well", async () => {
  const { page } = await status({ ...PHONE, colorScheme: "dark" });
  const spill = await page.evaluate(() => document.body.scrollWidth - innerWidth);
  assert.ok(spill <= 0, `${spill} pixels too wide`);
  await page.screenshot({ path: picture("status-phone"), fullPage: true });
});
