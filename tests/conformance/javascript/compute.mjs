// A client of Compute, what it gets over the wire, and what a machine looks like.

import assert from "node:assert/strict";

import { ComputeManagementClient } from "@azure/arm-compute";
import { DefaultAzureCredential } from "@azure/identity";

import { ARM } from "./claims.mjs";
import { guid, machineId, SUBSCRIPTION } from "./seed.mjs";

/** The version that `@azure/arm-compute` 24.1.0 asks for. */
export const VERSION = "2026-03-01";

/** Instead of two seconds. */
export const QUICKLY = { updateIntervalInMs: 50 };

export const CREATED = new Date("2026-01-05T08:00:00Z");
export const PROVISIONED = new Date("2026-01-05T08:01:00Z");

/** The policy notes each request as it goes out, with its answer, retries included. */
function noting(wire) {
  const policy = {
    name: "noting",
    async sendRequest(request, next) {
      const response = await next(request);
      const { method, url } = request;
      const { status, headers, bodyAsText } = response;
      wire.push({ method, url, status, headers, body: () => JSON.parse(bodyAsText), at: Date.now() });
      return response;
    },
  };
  return { policy, position: "perRetry" };
}

/** The machines of a subscription, and the list to which everything on the wire is added. */
export function machines(subscription = SUBSCRIPTION, options = {}) {
  const wire = [];
  const all = { ...options, additionalPolicies: [noting(wire)] };
  const client = new ComputeManagementClient(new DefaultAzureCredential(), subscription, all);
  return { vms: client.virtualMachines, wire };
}

/** The URL of something of a machine's; the client encodes parentheses. */
export const url = (group, name, what = "", query = "") => {
  const id = machineId(group, name).replace("(", "%28").replace(")", "%29");
  return `${ARM}${id}${what}?api-version=${VERSION}${query}`;
};

/** `model` without the fields that the client sets to undefined. */
export function defined(model) {
  if (Array.isArray(model)) {
    return model.map(defined);
  }
  if (model === null || typeof model !== "object" || model instanceof Date) {
    return model;
  }
  const fields = Object.entries(model).filter(([, value]) => value !== undefined);
  return Object.fromEntries(fields.map(([name, value]) => [name, defined(value)]));
}

/** The whole model of a machine as it is at the start, by the client's names. */
export function expected(group, name, subscription = SUBSCRIPTION) {
  const id = machineId(group, name, subscription);
  return {
    id,
    name,
    type: "Microsoft.Compute/virtualMachines",
    location: "westeurope",
    tags: { owner: `team-${group.toLowerCase()}`, env: "test" },
    vmId: guid(id),
    hardwareProfile: { vmSize: "Standard_B2s" },
    provisioningState: "Succeeded",
    storageProfile: {
      osDisk: { osType: "Linux", name: `${name}_os`, createOption: "FromImage" },
      dataDisks: [],
    },
    osProfile: { computerName: name, adminUsername: "azureuser" },
    networkProfile: { networkInterfaces: [] },
    timeCreated: CREATED,
  };
}

/** The statuses of a machine that rests; `since` is when it was last changed. */
export const resting = (state, since = PROVISIONED) => [
  {
    code: "ProvisioningState/succeeded",
    level: "Info",
    displayStatus: "Provisioning succeeded",
    time: since,
  },
  { code: `PowerState/${state}`, level: "Info", displayStatus: `VM ${state}` },
];

/** Those of a machine that is being changed. */
export const changing = (state) => [
  { code: "ProvisioningState/updating", level: "Info", displayStatus: "Updating" },
  { code: `PowerState/${state}`, level: "Info", displayStatus: `VM ${state}` },
];

/** The statuses of `view` are those of a rest at `state` that began after `began`. */
export function assertRests(view, state, began, ...further) {
  const statuses = defined(view.statuses);
  const [{ time }] = statuses;
  assert.ok(time instanceof Date, "no time");
  assert.ok(time >= began && time <= new Date(), `${time.toISOString()} is no time of the change`);
  assert.deepEqual(statuses, [...resting(state, time), ...further]);
}

/**
 * What is on the wire is one order, answered with both URLs of its operation; the
 * polls of the one, and at the end a look at the other.
 */
export function assertPolled(wire, ordered) {
  const [order, ...polls] = wire;
  assert.deepEqual([order.method, order.url, order.status], ["POST", ordered, 202]);
  const status = order.headers.get("azure-asyncoperation");
  const location = order.headers.get("location");
  for (const signed of [status, location]) {
    assert.ok(signed.startsWith(`${ARM}/subscriptions/${SUBSCRIPTION}/providers/`), signed);
    assert.ok(signed.length > 3_500, "as long as Azure's with its certificate");
  }
  assert.ok(polls.length >= 3, `${polls.length} polls`);
  const last = polls.pop();
  assert.deepEqual([last.method, last.url, last.status], ["GET", location, 200]);
  for (const poll of polls) {
    assert.deepEqual([poll.method, poll.url, poll.status], ["GET", status, 200]);
  }
}
