// What the caller may do, by `@azure/arm-authorization`.

import assert from "node:assert/strict";

import { AuthorizationManagementClient } from "@azure/arm-authorization";
import { DefaultAzureCredential } from "@azure/identity";

import { job } from "./job.mjs";
import { GATEWAY, machineId, SUBSCRIPTION } from "./seed.mjs";

const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg-web`;
const READ = "Microsoft.Compute/virtualMachines/read";
const START = "Microsoft.Compute/virtualMachines/start/action";

const entry = (...actions) => ({ actions, notActions: [], dataActions: [], notDataActions: [] });

const permissions = () =>
  new AuthorizationManagementClient(new DefaultAzureCredential(), SUBSCRIPTION).permissions;

async function all(iterator) {
  const found = [];
  for await (const permission of iterator) {
    found.push(permission);
  }
  return found;
}

const onMachine = (name) =>
  permissions().listForResource("rg-web", "Microsoft.Compute", "", "virtualMachines", name);

const assign = (azure) =>
  azure.put("roles", [
    { scope: GROUP, actions: [READ, "Microsoft.Compute/locations/operations/read"] },
    { scope: machineId("rg-web", "web-01"), actions: [START] },
  ]);

job("permissions.group", {}, async (azure) => {
  assert.deepEqual(await all(permissions().listForResourceGroup("rg-web")), [entry("*")]);
  await assign(azure);
  const found = await all(permissions().listForResourceGroup("RG-WEB"));
  assert.deepEqual(found, [entry(READ, "Microsoft.Compute/locations/operations/read")]);

  const scope = `/subscriptions/${SUBSCRIPTION}/resourcegroups/rg-db`;
  await assert.rejects(all(permissions().listForResourceGroup("rg-db")), (error) => {
    const { name, statusCode, code } = error;
    assert.deepEqual([name, statusCode, code], ["RestError", 403, "AuthorizationFailed"]);
    assert.ok(error.message.includes(`with object id '${GATEWAY.objectId}'`), error.message);
    assert.ok(error.message.includes(`over scope '${scope}'`), error.message);
    return true;
  });
});

job("permissions.machine", {}, async (azure) => {
  assert.deepEqual(await all(onMachine("web-01")), [entry("*")]);
  await assign(azure);
  const ofGroup = entry(READ, "Microsoft.Compute/locations/operations/read");
  assert.deepEqual(await all(onMachine("web-01")), [ofGroup, entry(START)]);
  assert.deepEqual(await all(onMachine("web-02")), [ofGroup]);
});
