// The contract as a page, read and tried.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { elsewhere, launch, open } from "./browser.mjs";
import { start } from "./gateway.mjs";
import { CONTRACT, picture } from "./places.mjs";

let gateway;
let browser;

before(async () => {
  [gateway, browser] = await Promise.all([start(), launch()]);
});

after(() => Promise.all([gateway?.stop(), browser?.close()]));

async function docs(options) {
  const opened = await open(browser, `${gateway.api}/docs`, options);
  await opened.page.waitForSelector(".opblock");
  return opened;
}

async function authorize(page, token) {
  await page.click(".btn.authorize");
  await page.fill(".auth-container input", token);
  await page.keyboard.press("Enter");
  await page.click(".btn-done");
}

/** Opens an operation, tries it with `values`, and tells what came back. */
async function tried(page, operation, values = {}) {
  const block = page.locator(`[id$="-${operation}"]`);
  await block.locator(".opblock-summary-control").click();
  await block.locator(".try-out__btn").click();
  for (const [name, value] of Object.entries(values)) {
    await block.locator(`tr[data-param-name="${name}"] select`).selectOption(value);
  }
  await block.locator(".execute").click();
  const answer = block.locator(".live-responses-table .response");
  await answer.waitFor();
  return {
    status: await answer.locator(".response-col_status").first().innerText(),
    body: await answer.locator(".highlight-code").first().innerText(),
    block,
  };
}

test("the page shows every operation of the contract", async () => {
  const { page } = await docs();
  const contract = readFileSync(CONTRACT, "utf8");
  const ids = contract.matchAll(/^ {6}operationId: (\w+)$/gm);
  // Links name operations, too.
  const documented = [...new Set([...ids].map((it) => it[1]))];
  const shown = await page.$$eval(".opblock", (blocks) => blocks.map((it) => it.id));
  const names = shown.map((id) => id.split("-").at(-1));
  assert.deepEqual(names.sort(), documented.sort());
  await page.screenshot({ path: picture("docs") });
});

test("nobody else is asked for anything, and the policy refuses nothing", async () => {
  const { page, noted } = await docs();
  for (const operation of ["listUsers", "updateVm", "getStatus"]) {
    await page.locator(`[id$="-${operation}"] .opblock-summary-control`).click();
  }
  await page.locator(".models-control").click();
  await authorize(page, "nobody's");
  assert.deepEqual(elsewhere(noted.requests, gateway.api), []);
  assert.deepEqual(noted.complaints, []);
});

test("a call without a token is told so", async () => {
  const { page } = await docs();
  const { status, body } = await tried(page, "listVms");
  assert.equal(status, "401");
  assert.match(body, /a bearer token is needed/);
});

test("a call with a token succeeds", async () => {
  const { page, noted } = await docs();
  await authorize(page, await gateway.token());
  const { status, body, block } = await tried(page, "listVms");
  assert.equal(status, "200");
  assert.match(body, /web-01/);
  assert.deepEqual(noted.complaints, []);
  await block.locator(".responses-wrapper").scrollIntoViewIfNeeded();
  await page.screenshot({ path: picture("docs-tried") });
});

test("an order is no order of another's page", async () => {
  const { page } = await docs({ colorScheme: "dark" });
  await authorize(page, await gateway.token());
  const { status, body } = await tried(page, "startVm", { dryRun: "true" });
  assert.equal(status, "200", body);
  assert.match(body, /"wouldSend": false/);
  await page.screenshot({ path: picture("docs-dark") });
});

test("what the admin listener offers cannot be tried from here", async () => {
  const { page } = await docs();
  const block = page.locator('[id$="-getReadiness"]');
  await block.locator(".opblock-summary-control").click();
  await block.locator(".responses-wrapper").waitFor();
  assert.equal(await block.locator(".try-out__btn").count(), 0);
});

test("a token is gone with the page", async () => {
  const { page } = await docs();
  const token = await gateway.token();
  await authorize(page, token);
  const { block } = await tried(page, "getIdentity");
  assert.match(await block.innerText(), /Authorization: Bearer \*\*\*/);
  assert.ok(!(await page.content()).includes(token));
  const kept = await page.evaluate(() =>
    JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]),
  );
  assert.equal(kept, '[{},{},""]');
  await page.reload();
  await page.waitForSelector(".btn.authorize.unlocked");
});
