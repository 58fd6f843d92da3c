// A job: a test with a sandbox and a process of its own.
//
// A process, because Node reads NODE_EXTRA_CA_CERTS only when it starts, MSAL keeps
// the source of its tokens in a static property, and variables of one host must not
// be seen by the next job.

import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";

import { Sandbox, start } from "./sandbox.mjs";

const [, file, wanted, url] = process.argv;

/** What a program needs of this process's environment; the rest is the sandbox's. */
const KEPT = ["PATH", "HOME", "TMPDIR"];

/** No job takes longer, its process and sandbox included. */
const TIMEOUT = 30_000;

/**
 * Registers the job `id` of jobs.toml. `host` is one of `--as`, `options` are
 * further ones of `azure-sandbox serve`.
 */
export function job(id, { host = "container-app", options = [] }, body) {
  if (wanted === undefined) {
    test(id, { timeout: TIMEOUT }, ({ signal }) => apart(id, host, options, signal));
  } else if (wanted === id) {
    here(body);
  }
}

/** Runs the job in a process of its own, and fails as it does. */
async function apart(id, host, options, signal) {
  const sandbox = await start(host, options);
  try {
    const kept = KEPT.filter((name) => name in process.env).map((name) => [name, process.env[name]]);
    const env = { ...Object.fromEntries(kept), ...sandbox.environment };
    const child = fork(file, [id, sandbox.url], { env, execArgv: [], signal });
    const [said] = await Promise.race([once(child, "message"), once(child, "exit")]);
    child.kill();
    if (said?.done !== true) {
      const error = new Error(said?.message ?? `its process ended with ${said}`);
      throw Object.assign(error, { stack: said?.stack ?? error.stack });
    }
  } finally {
    await sandbox.stop();
  }
}

async function here(body) {
  const sandbox = new Sandbox(url);
  let said = { done: true };
  try {
    await body(sandbox);
    assert.deepEqual(await sandbox.unexpected(), [], "asked what Azure does not have");
  } catch (error) {
    said = { message: `${error.name}: ${error.message}`, stack: error.stack };
  }
  process.send(said);
}

