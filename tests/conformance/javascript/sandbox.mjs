// A local Azure: it is started, told what is to go wrong, and stopped.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

import { PROGRAM } from "./places.mjs";

/** Starts one on `host`; `stop` ends it. */
export async function start(host, options) {
  const args = ["serve", "--json", "--listen", "127.0.0.1:0", "--as", host, "--tls", ...options];
  const program = spawn(PROGRAM, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(program, "close");
  const told = once(createInterface(program.stdout), "line");
  const first = await Promise.race([told, ended]);
  if (typeof first[0] !== "string") {
    throw new Error(`${PROGRAM} ended with ${first[0] ?? first[1]}`);
  }
  const { url, environment } = JSON.parse(first[0]);
  const stop = async () => {
    program.kill("SIGTERM");
    await ended;
  };
  return { url, environment, stop };
}

/** What a test tells a sandbox, and is told by it; the README of `azure-sandbox` lists the verbs. */
export class Sandbox {
  #url;

  constructor(url) {
    this.#url = url;
  }

  async #ask(method, path, body) {
    const answer = await fetch(`${this.#url}/sandbox/${path}`, {
      method,
      body: body && JSON.stringify(body),
    });
    const said = await answer.json();
    if (!answer.ok) {
      throw new Error(`${method} /sandbox/${path}: ${answer.status} ${said.message}`);
    }
    return said;
  }

  get(path) {
    return this.#ask("GET", path);
  }

  post(path, body) {
    return this.#ask("POST", path, body ?? {});
  }

  put(path, body) {
    return this.#ask("PUT", path, body);
  }

  patch(path, body) {
    return this.#ask("PATCH", path, body);
  }

  /** A fault of `service`, for its next `times` requests; without, for all of them. */
  fault(service, fault, times) {
    return this.post("faults", { service, fault, times });
  }

  order(resourceGroup, name, action) {
    return this.post("vms/order", { resourceGroup, name, action });
  }

  /** What `service` was asked so far, such as `GET /v1.0/users`. */
  async asked(service) {
    const { value } = await this.get("requests");
    const own = value.filter((request) => request.service === service);
    return own.map(({ method, path }) => `${method} ${path}`);
  }

  /** The power state that a machine really has. */
  async powerState(resourceGroup, name, subscriptionId) {
    const { value } = await this.get("vms");
    const found = value.filter(
      (it) =>
        it.resourceGroup === resourceGroup &&
        it.name === name &&
        (subscriptionId === undefined || it.subscriptionId === subscriptionId),
    );
    if (found.length !== 1) {
      throw new Error(`${found.length} machines ${name} in ${resourceGroup}`);
    }
    return found[0].powerState;
  }

  /** What was asked that Azure does not have, or this Azure does not know. */
  async unexpected() {
    const { value } = await this.get("unexpected");
    return value;
  }
}
