// A gateway in front of a local Azure, as two processes of their own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

import { PROGRAMS } from "./places.mjs";

// The tenant of the local Azure, and the gateway's application in it.
const VARIABLES = {
  MIG_LISTEN: "127.0.0.1:0",
  MIG_ADMIN_LISTEN: "127.0.0.1:0",
  MIG_LOG_FORMAT: "json",
  MIG_SHUTDOWN_DELAY: "0",
  MIG_DOCS: "on",
  MIG_AUTH: "entra",
  MIG_AUTH_TENANT: "7b31ddc4-0000-4000-8000-5a4d0bca1a11",
  MIG_AUTH_AUDIENCE: "6a7e0a91-0000-4000-8000-0000000a9100",
};

// Where the local Azure is, before the gateway says where it is itself.
const TOLD = 'printf \'{"azure":"%s"}\\n\' "$MIG_ENTRA_ENDPOINT"; exec "$@"';

// More than a start takes; only a fault runs into it.
const PATIENCE_MS = 30_000;
const BETWEEN_LOOKS_MS = 100;

/** Starts one that is ready; `stop` ends it. */
export async function start() {
  const variables = Object.entries(VARIABLES).map(([name, value]) => `${name}=${value}`);
  const command = ["sh", "-c", TOLD, "sh", "env", ...variables, `${PROGRAMS}mi-gateway`];
  const program = spawn(`${PROGRAMS}azure-sandbox`, ["exec", "--", ...command], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(program, "close");
  const { azure, api, admin } = await addresses(program.stdout);
  await ready(admin);
  return {
    api: `http://${api}`,
    admin: `http://${admin}`,
    /** A token of a caller who may do everything that an app role allows. */
    token: async () => {
      const answer = await fetch(`${azure}/sandbox/callers/token`, { method: "POST", body: "{}" });
      return (await answer.json()).token;
    },
    stop: async () => {
      program.kill("SIGTERM");
      await ended;
    },
  };
}

/** Where both listen, by what they write; what comes later is read and dropped. */
function addresses(output) {
  const found = {};
  return new Promise((resolve, reject) => {
    const lines = createInterface(output);
    lines.on("line", (line) => {
      Object.assign(found, JSON.parse(line));
      if (found.api && found.admin) {
        resolve(found);
      }
    });
    lines.on("close", () => reject(new Error("the gateway ended before it listened")));
  });
}

async function ready(admin) {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await fetch(`http://${admin}/readyz`)).ok) {
    if (Date.now() > deadline) {
      throw new Error("the gateway does not become ready");
    }
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_LOOKS_MS));
  }
}
