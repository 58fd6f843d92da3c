// The power of machines by `@azure/arm-compute`, each order polled to its end.

import assert from "node:assert/strict";

import {
  assertPolled,
  assertRests,
  changing,
  defined,
  machines,
  QUICKLY,
  url,
} from "./compute.mjs";
import { job } from "./job.mjs";

const HIBERNATED = {
  code: "HibernationState/Hibernated",
  level: "Info",
  displayStatus: "VM hibernated",
};

/** Long enough to look at a machine on its way. */
const LONG = ["--operation-takes", "1s"];

/**
 * Orders `method` of a machine: on its way it is at `during`, and `after` at the end,
 * in the client's words and in truth.
 */
async function ordered(azure, order) {
  const { group = "rg-web", name, method, options, query, during, after, further = [] } = order;
  const { vms, wire } = machines();
  const began = new Date();
  const poller = vms[method](group, name, { ...QUICKLY, ...options });
  await poller.submitted();
  assert.equal(poller.operationState.status, "running");
  assert.equal(await azure.powerState(group, name), during);
  const seen = await machines().vms.get(group, name, { expand: "instanceView" });
  assert.deepEqual(defined(seen.instanceView.statuses), changing(during));
  assert.equal(seen.provisioningState, "Updating");

  assert.equal(await poller.pollUntilDone(), undefined);
  assert.equal(poller.operationState.status, "succeeded");
  assert.ok(Date.now() - began >= 1_000, "done before its time");
  assert.equal(await azure.powerState(group, name), after);
  assertPolled(wire, url(group, name, `/${method}`, query));
  assertRests(await vms.instanceView(group, name), after, began, ...further);
}

job("machines.deallocate", { options: LONG }, async (azure) => {
  const [name, during, after] = ["web-01", "deallocating", "deallocated"];
  await ordered(azure, { name, method: "deallocate", during, after });
  await ordered(azure, {
    group: "RG_Batch.(1)",
    name: "batch-02",
    method: "deallocate",
    options: { forceDeallocate: true },
    query: "&forceDeallocate=true",
    during,
    after,
  });
  assert.equal((await azure.asked("actions")).length, 2);
});

job("machines.hibernate", { options: LONG }, async (azure) => {
  await ordered(azure, {
    name: "hiber-01",
    method: "deallocate",
    options: { hibernate: true },
    query: "&hibernate=true",
    during: "deallocating",
    after: "deallocated",
    further: [HIBERNATED],
  });
});

job("machines.start", { options: LONG }, async (azure) => {
  await machines().vms.deallocate("rg-web", "web-04", QUICKLY);
  await ordered(azure, { name: "web-04", method: "start", during: "starting", after: "running" });
  const started = await machines().vms.get("rg-web", "web-04", { expand: "instanceView" });
  assert.equal(started.etag, '"9"', "two changes, of two steps each");
  assert.equal(started.instanceView.computerName, "web-04");
});

job("machines.restart", { options: LONG }, async (azure) => {
  await ordered(azure, { name: "web-05", method: "restart", during: "running", after: "running" });
});

job("machines.power-off", { options: LONG }, async (azure) => {
  const [method, during, after] = ["powerOff", "stopping", "stopped"];
  await ordered(azure, { name: "web-06", method, during, after });
  await ordered(azure, {
    name: "web-07",
    method,
    options: { skipShutdown: true },
    query: "&skipShutdown=true",
    during,
    after,
  });
});

job("machines.redeploy", { options: LONG }, async (azure) => {
  await ordered(azure, { name: "web-08", method: "redeploy", during: "starting", after: "running" });
});

job("machines.reapply", { options: LONG }, async (azure) => {
  await azure.order("rg-web", "web-09", "shutdown");
  await ordered(azure, { name: "web-09", method: "reapply", during: "stopped", after: "stopped" });
});
