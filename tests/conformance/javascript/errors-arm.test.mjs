// How Resource Manager and Compute say no, as `@azure/arm-compute` tells it.

import assert from "node:assert/strict";

import { ComputeManagementClient } from "@azure/arm-compute";
import { DefaultAzureCredential } from "@azure/identity";

import { assertRests, defined, machines, QUICKLY, url } from "./compute.mjs";
import { job } from "./job.mjs";
import { FLEET, FLEET_SUBSCRIPTION, GATEWAY, machineId, SUBSCRIPTION } from "./seed.mjs";

/** `promise` is refused by the client's own error, with all of `expected`. */
async function refused(promise, expected) {
  await assert.rejects(promise, (error) => {
    const { name, statusCode, code, message } = error;
    assert.deepEqual({ name, statusCode, code, message }, { name: "RestError", ...expected });
    return true;
  });
}

/** A poller begins when it is made, and is a promise to those who wait for it. */
const done = (poller) => Promise.resolve(poller);

const unauthorized = (action, scope) => ({
  statusCode: 403,
  code: "AuthorizationFailed",
  message:
    `The client '${GATEWAY.clientId}' with object id '${GATEWAY.objectId}' does not have ` +
    `authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. ` +
    "If access was recently granted, please refresh your credentials.",
});

job("errors.arm.forbidden", {}, async (azure) => {
  const START = "Microsoft.Compute/virtualMachines/start/action";
  const id = machineId("rg-web", "web-01");
  await azure.put("roles", [{ scope: "/", actions: ["Microsoft.Compute/virtualMachines/read"] }]);
  const { vms } = machines();
  assert.equal((await vms.get("rg-web", "web-01")).name, "web-01");
  await refused(done(vms.start("rg-web", "web-01", QUICKLY)), unauthorized(START, id));

  // Who may act on the machine alone may not look after the operation.
  await azure.put("roles", [{ scope: id, actions: ["*"] }]);
  const { vms: again, wire } = machines();
  const status =
    "action 'Microsoft.Compute/locations/operations/read' over scope " +
    `'/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Compute/locations/westeurope`;
  await assert.rejects(done(again.start("rg-web", "web-01", QUICKLY)), (error) => {
    assert.deepEqual([error.statusCode, error.code], [403, "AuthorizationFailed"]);
    assert.ok(error.message.includes(status), error.message);
    return true;
  });
  assert.deepEqual(wire.map((it) => it.status), [202, 403]);
});

job("errors.arm.not-found", {}, async () => {
  const { vms, wire } = machines();
  await refused(vms.get("rg-web", "nobody"), {
    statusCode: 404,
    code: "ResourceNotFound",
    message:
      "The Resource 'Microsoft.Compute/virtualMachines/nobody' under resource group 'rg-web' was " +
      "not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
  });
  assert.equal(wire[0].headers.get("x-ms-failure-cause"), "gateway");
  assert.deepEqual(Object.keys(wire[0].body()), ["error"], "the client takes it without as well");
  await refused(done(vms.deallocate("rg-none", "web-01", QUICKLY)), {
    statusCode: 404,
    code: "ResourceGroupNotFound",
    message: "Resource group 'rg-none' could not be found.",
  });
  const subscription = "5ab1e000-0000-4000-8000-00000000ffff";
  await refused(machines(subscription).vms.listAll().next(), {
    statusCode: 404,
    code: "SubscriptionNotFound",
    // Of a list, the client tells the status instead of the message.
    message: "Pagination failed with unexpected statusCode 404",
  });
});

job("errors.arm.conflict", {}, async (azure) => {
  const { vms } = machines();
  await refused(done(vms.deallocate("rg-web", "web-01", { ...QUICKLY, hibernate: true })), {
    statusCode: 409,
    code: "OperationNotAllowed",
    message:
      "The Hibernate-Deallocate Operation can only be triggered on a VM that is enabled for " +
      "hibernation. Enable the property additionalCapabilities.hibernationEnabled during VM " +
      "creation, or after stopping and deallocating the VM.",
  });
  assert.equal(await azure.powerState("rg-web", "web-01"), "running");

  await azure.order("rg-web", "web-02", "shutdown");
  await refused(done(vms.restart("rg-web", "web-02", QUICKLY)), {
    statusCode: 409,
    code: "OperationNotAllowed",
    message: "The operation requires the VM to be running (or set to run).",
  });
});

job("errors.arm.failed-operation", { options: ["--operation-takes", "200ms"] }, async (azure) => {
  const message = "We do not have sufficient capacity for the requested VM size in this region.";
  const { vms } = machines();
  await vms.deallocate("rg-web", "web-01", QUICKLY);
  await azure.post("operations/fail", { code: "AllocationFailed", message });
  const poller = vms.start("rg-web", "web-01", QUICKLY);
  await assert.rejects(done(poller), {
    name: "Error",
    message: `The long-running operation has failed. AllocationFailed. ${message}`,
  });
  assert.equal(poller.operationState.status, "failed");

  const failed = await vms.get("rg-web", "web-01", { expand: "instanceView" });
  assert.equal(failed.provisioningState, "Failed");
  const [provisioning, power] = defined(failed.instanceView.statuses);
  const { time, ...status } = provisioning;
  assert.ok(time instanceof Date);
  assert.deepEqual(status, {
    code: "ProvisioningState/failed/AllocationFailed",
    level: "Error",
    displayStatus: "Provisioning failed",
    message,
  });
  assert.equal(power.code, "PowerState/deallocated");
  assert.equal(await azure.powerState("rg-web", "web-01"), "deallocated");
});

job("errors.arm.preempted-operation", { options: ["--operation-takes", "2s"] }, async (azure) => {
  const { vms } = machines();
  const began = new Date();
  const older = vms.deallocate("rg-web", "web-01", QUICKLY);
  await older.submitted();
  const newer = vms.start("rg-web", "web-01", QUICKLY);
  await assert.rejects(done(older), { name: "Error", message: "Operation was canceled" });
  assert.equal(await newer.pollUntilDone(), undefined);
  assertRests(await vms.instanceView("rg-web", "web-01"), "running", began);
});

const TOO_MANY =
  "The server rejected the request because too many requests have been received for this subscription.";

job("errors.arm.throttled-compute", { options: ["--operation-takes", "0s"] }, async (azure) => {
  await azure.fault("actions", { throttleSeconds: 1 }, 2);
  const { vms, wire } = machines();
  await vms.deallocate("rg-web", "web-01", QUICKLY);
  const [first, second, third] = wire;
  assert.deepEqual([first.status, second.status, third.status], [429, 429, 202]);
  assert.equal(first.headers.get("retry-after"), "1");
  assert.ok(third.at - first.at >= 1_990, "asked again before Retry-After");
  assert.equal(await azure.powerState("rg-web", "web-01"), "deallocated");

  // Twelve of one machine in a minute.
  const { vms: others, wire: asked } = machines(SUBSCRIPTION, { retryOptions: { maxRetries: 0 } });
  const begin = () => others.start("rg-web", "web-02", QUICKLY).submitted();
  for (let time = 0; time < 12; time += 1) {
    await begin();
  }
  await refused(begin(), { statusCode: 429, code: "OperationNotAllowed", message: TOO_MANY });
  const { headers, body } = asked.at(-1);
  // No outer `error`, and the details are JSON in a text.
  const { code, message, details, ...more } = body();
  assert.deepEqual([code, message, more], ["OperationNotAllowed", TOO_MANY, {}]);
  const [{ message: counted, ...detail }] = details;
  assert.deepEqual(detail, { code: "TooManyRequests", target: "UpdateVM" });
  const { operationGroup, allowedRequestCount, measuredRequestCount } = JSON.parse(counted);
  assert.deepEqual([operationGroup, allowedRequestCount, measuredRequestCount], ["UpdateVM", 4, 5]);
  assert.match(headers.get("retry-after"), /^([1-9]|[1-5][0-9]|60)$/);
  const told = "Microsoft.Compute/UpdateVMSubscriptionMaximum;1488,Microsoft.Compute/UpdateVMResource;0";
  assert.equal(headers.get("x-ms-ratelimit-remaining-resource"), told);
});

// A principal has two hundred writes at once, and ten more each second.
job("errors.arm.throttled-subscription", { options: ["--fleet", "450"] }, async (azure) => {
  const { vms, wire } = machines(FLEET_SUBSCRIPTION, { retryOptions: { maxRetries: 0 } });
  const left = [...FLEET];
  const failures = [];
  const write = async () => {
    while (left.length > 0 && failures.length === 0) {
      const poller = vms.start("rg-fleet", left.pop(), QUICKLY);
      await poller.submitted().catch((error) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: 20 }, write));
  const { headers } = wire.find(({ status }) => status === 429);
  const throttled = {
    statusCode: 429,
    code: "SubscriptionRequestsThrottled",
    message:
      `Number of requests for subscription '${FLEET_SUBSCRIPTION}' and operation ` +
      "'POST/SUBSCRIPTIONS/RESOURCEGROUPS/PROVIDERS/MICROSOFT.COMPUTE/VIRTUALMACHINES/START' " +
      "exceeded the backend storage limit. Please try again after '1' seconds.",
  };
  await refused(Promise.reject(failures[0]), throttled);
  assert.equal(headers.get("retry-after"), "1");
  assert.equal(headers.get("x-ms-ratelimit-remaining-subscription-writes"), "0");
  assert.ok(wire.length > 200, `${wire.length} requests`);

  // To whom it happens each time, it is told after three times more.
  const body = { error: { code: throttled.code, message: throttled.message } };
  const always = [["retry-after", "1"], ["content-type", "application/json"]];
  const answer = { status: 429, headers: always, body };
  await azure.fault("virtualMachines", { answer });
  const { vms: again, wire: asked } = machines();
  await refused(again.get("rg-web", "web-01"), throttled);
  assert.deepEqual(asked.map(({ status }) => status), [429, 429, 429, 429]);
  assert.ok(asked.at(-1).at - asked[0].at >= 2_990, "asked again before Retry-After");
});

job("errors.arm.wrong-version", {}, async () => {
  // The client has its version in each of its paths: only a policy can ask for another.
  const policy = {
    name: "anotherVersion",
    sendRequest(request, next) {
      const asked = new URL(request.url);
      asked.searchParams.set("api-version", "2099-01-01");
      return next(Object.assign(request, { url: asked.href }));
    },
  };
  const additionalPolicies = [{ policy, position: "perCall" }];
  const credential = new DefaultAzureCredential();
  const client = new ComputeManagementClient(credential, SUBSCRIPTION, { additionalPolicies });
  await assert.rejects(client.virtualMachines.get("rg-web", "web-01"), (error) => {
    const { name, statusCode, code, message } = error;
    assert.deepEqual([name, statusCode, code], ["RestError", 400, "NoRegisteredProviderFound"]);
    const beginning =
      "No registered resource provider found for API version '2099-01-01' for type " +
      "'virtualMachines'. The supported api-versions are '2019-07-01, ";
    assert.ok(message.startsWith(beginning) && message.endsWith(", 2026-04-01'."), message);
    return true;
  });
});
