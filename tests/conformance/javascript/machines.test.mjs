// Machines by `@azure/arm-compute`: shown, listed, and changed at once.

import assert from "node:assert/strict";

import {
  assertRests,
  changing,
  defined,
  expected,
  machines,
  PROVISIONED,
  QUICKLY,
  resting,
  url,
} from "./compute.mjs";
import { job } from "./job.mjs";
import {
  FLEET,
  FLEET_SUBSCRIPTION,
  guid,
  machineId,
  MACHINES,
  SUBSCRIPTION,
} from "./seed.mjs";

const SET =
  `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg-web/providers/Microsoft.Compute` +
  "/virtualMachineScaleSets/flex";

const view = (name, state, since) => ({
  computerName: name,
  osName: "debian",
  osVersion: "12",
  hyperVGeneration: "V2",
  vmAgent: {
    vmAgentVersion: "2.11.1.4",
    statuses: [
      {
        code: "ProvisioningState/succeeded",
        level: "Info",
        displayStatus: "Ready",
        message: "Guest Agent is running",
      },
    ],
  },
  disks: [{ name: `${name}_os`, statuses: resting(state).slice(0, 1) }],
  statuses: resting(state, since),
});

/** Each page, as often as the client fetched one. */
async function pages(iterator) {
  const all = [];
  for await (const page of iterator.byPage()) {
    all.push(defined([...page]));
  }
  return all;
}

job("machines.get", {}, async () => {
  const { vms, wire } = machines();
  const plain = await vms.get("rg-web", "web-01");
  assert.deepEqual(defined(plain), { ...expected("rg-web", "web-01"), etag: '"5"' });
  assert.equal(wire[0].url, url("rg-web", "web-01"));
  assert.equal(wire[0].headers.get("etag"), '"5"');
  assert.equal(
    wire[0].headers.get("x-ms-ratelimit-remaining-resource"),
    "Microsoft.Compute/LowCostGetSubscriptionMaximum;23999,Microsoft.Compute/LowCostGetResource;35",
  );

  // Parentheses in the group's name, and letters in another case than the machine's.
  const whole = await vms.get("rg_batch.(1)", "BATCH-16", { expand: "instanceView" });
  const { instanceView, etag, ...model } = defined(whole);
  assert.deepEqual(model, expected("RG_Batch.(1)", "batch-16"));
  assert.deepEqual(instanceView, view("batch-16", "running"));
  assert.equal(etag, '"5"');
  assert.equal(wire[1].headers.get("etag"), undefined);

  const hibernates = await vms.get("rg-web", "hiber-01");
  assert.deepEqual(defined(hibernates.additionalCapabilities), { hibernationEnabled: true });
  const managed = await vms.get("rg-web", "managed-01");
  assert.match(managed.managedBy, /\/rg-web\/providers\/Microsoft\.Solutions\/applications\/appliance$/);
  const member = await vms.get("rg-web", "flex-01");
  assert.deepEqual(member.virtualMachineScaleSet, { id: SET });
  assert.equal(member.managedBy, SET);
});

job("machines.instance-view", { options: ["--operation-takes", "100ms"] }, async (azure) => {
  const { vms } = machines();
  const running = await vms.instanceView("rg-db", "db-01");
  assert.deepEqual(defined(running), view("db-01", "running"));

  const began = new Date();
  await vms.deallocate("rg-db", "db-01", QUICKLY);
  const { statuses, ...rest } = defined(await vms.instanceView("rg-db", "db-01"));
  assertRests({ statuses }, "deallocated", began);
  // No guest, and so no agent and no names.
  const { disks, hyperVGeneration } = view("db-01", "deallocated");
  assert.deepEqual(rest, { disks, hyperVGeneration });

  await azure.order("rg-db", "db-02", "shutdown");
  const stopped = await vms.instanceView("rg-db", "db-02");
  assert.deepEqual(defined(stopped), view("db-02", "stopped"));
});

job("machines.list", { options: ["--fleet", "450"] }, async () => {
  const { vms, wire } = machines(FLEET_SUBSCRIPTION);
  const [first, second, third, ...more] = await pages(vms.list("rg-fleet"));
  const whole = FLEET.map((name) => expected("rg-fleet", name, FLEET_SUBSCRIPTION));
  assert.deepEqual(first, whole.slice(0, 200));
  assert.deepEqual(second, whole.slice(200, 400));
  assert.deepEqual(third, whole.slice(400));
  assert.deepEqual(more, []);
  assert.equal(wire.length, 3);

  const filter = `'virtualMachineScaleSet/id' eq '${SET}'`;
  const found = await pages(machines().vms.list("rg-web", { filter, expand: "instanceView" }));
  assert.deepEqual(found, [
    [
      {
        ...expected("rg-web", "flex-01"),
        managedBy: SET,
        virtualMachineScaleSet: { id: SET },
        instanceView: view("flex-01", "running"),
      },
    ],
  ]);
});

job("machines.list-all", { options: ["--fleet", "450"] }, async () => {
  const { vms, wire } = machines(FLEET_SUBSCRIPTION);
  const found = await pages(vms.listAll());
  assert.deepEqual(found.map((page) => page.length), [200, 200, 50]);
  // A subscription's list writes the group in capitals.
  const whole = FLEET.map((name) => ({
    ...expected("rg-fleet", name, FLEET_SUBSCRIPTION),
    id: machineId("RG-FLEET", name, FLEET_SUBSCRIPTION),
  }));
  assert.deepEqual(found.flat(), whole);
  assert.equal(wire.length, 3);
  for (const { headers } of wire) {
    assert.match(headers.get("x-ms-original-request-ids"), /^[0-9a-f-]{36}$/);
  }

  const others = [];
  for await (const { id } of machines().vms.listAll()) {
    others.push(id);
  }
  assert.deepEqual(others, MACHINES.map(([group, name]) => machineId(group.toUpperCase(), name)));
});

const SLOW_FLEET = ["--fleet", "450", "--operation-takes", "30s"];

job("machines.list-status-only", { options: SLOW_FLEET }, async (azure) => {
  await azure.order("rg-fleet", "fleet-00250", "shutdown");
  await azure.order("rg-fleet", "fleet-00449", "deallocate");
  const { vms, wire } = machines(FLEET_SUBSCRIPTION);
  const found = await pages(vms.listAll({ statusOnly: "true" }));
  assert.deepEqual(found.map((page) => page.length), [200, 200, 50]);
  const statuses = {
    "fleet-00250": resting("stopped"),
    "fleet-00449": changing("deallocating"),
  };
  const whole = FLEET.map((name) => ({
    id: machineId("RG-FLEET", name, FLEET_SUBSCRIPTION),
    name,
    type: "Microsoft.Compute/virtualMachines",
    location: "westeurope",
    vmId: guid(machineId("rg-fleet", name, FLEET_SUBSCRIPTION)),
    provisioningState: name === "fleet-00449" ? "Updating" : "Succeeded",
    instanceView: { statuses: statuses[name] ?? resting("running") },
  }));
  assert.deepEqual(found.flat(), whole);
  for (const { url: asked } of wire) {
    assert.equal(new URL(asked).searchParams.get("statusOnly"), "true");
  }
});

job("machines.tag", {}, async () => {
  const { vms, wire } = machines();
  const tags = { owner: "team web", "cost/centre": "42", empty: "" };
  const tagged = await vms.update("rg-web", "web-02", { tags }, QUICKLY);
  const whole = { ...expected("rg-web", "web-02"), tags, etag: '"6"' };
  assert.deepEqual(defined(tagged), whole);
  assert.deepEqual(defined(await vms.get("rg-web", "web-02")), whole);
  const asked = [url("rg-web", "web-02"), url("rg-web", "web-02")];
  assert.deepEqual(wire.map((it) => it.url), asked, "done at once, and not polled");

  const late = vms.update("rg-web", "web-02", { tags: {} }, { ...QUICKLY, ifMatch: '"5"' });
  await assert.rejects(Promise.resolve(late), (error) => {
    const { name, statusCode, code } = error;
    assert.deepEqual([name, statusCode, code], ["RestError", 412, "PreconditionFailed"]);
    return true;
  });
  assert.deepEqual(defined(await vms.get("rg-web", "web-02")), whole);
});

job("machines.resize", { options: ["--operation-takes", "1s"] }, async () => {
  const { vms, wire } = machines();
  const began = new Date();
  const hardwareProfile = { vmSize: "Standard_D4s_v5" };
  const poller = vms.update("rg-web", "web-03", { hardwareProfile }, QUICKLY);
  await poller.submitted();
  assert.equal((await vms.get("rg-web", "web-03")).provisioningState, "Updating");
  const resized = defined(await poller.pollUntilDone());
  const whole = { ...expected("rg-web", "web-03"), hardwareProfile, etag: '"7"' };
  assert.deepEqual(resized, whole);
  assertRests(await vms.instanceView("rg-web", "web-03"), "running", began);

  const [order] = wire;
  assert.deepEqual([order.method, order.url, order.status], ["PATCH", url("rg-web", "web-03"), 200]);
  const status = order.headers.get("azure-asyncoperation");
  const polls = wire.filter((it) => it.url === status);
  assert.ok(polls.length >= 2, `${polls.length} polls`);

  await assert.rejects(
    Promise.resolve(vms.update("rg-web", "web-03", { hardwareProfile: { vmSize: "Huge" } }, QUICKLY)),
    (error) => {
      assert.deepEqual([error.statusCode, error.code], [400, "InvalidParameter"]);
      assert.match(error.message, /^The value Huge provided for the VM size is not valid\./);
      return true;
    },
  );
});
