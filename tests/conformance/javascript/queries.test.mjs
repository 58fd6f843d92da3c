// Queries of Resource Graph, by `@azure/arm-resourcegraph`.

import assert from "node:assert/strict";

import { ResourceGraphClient } from "@azure/arm-resourcegraph";
import { DefaultAzureCredential } from "@azure/identity";

import { job } from "./job.mjs";
import { machineId, MACHINES, SUBSCRIPTION } from "./seed.mjs";

const POWER = "powerState = tostring(properties.extended.instanceView.powerState.code)";
const QUERY =
  "Resources | where type =~ 'Microsoft.Compute/virtualMachines' " +
  `| project id, name, resourceGroup, location, ${POWER} | order by id asc`;

/** What the query finds, in its order. */
const expected = (stopped) =>
  MACHINES.map(([group, name]) => ({
    id: machineId(group, name),
    name,
    resourceGroup: group.toLowerCase(),
    location: "westeurope",
    powerState: `PowerState/${stopped.includes(name) ? "stopped" : "running"}`,
  })).sort((one, other) => (one.id < other.id ? -1 : 1));

const client = () => new ResourceGraphClient(new DefaultAzureCredential());

job("queries.pages", {}, async (azure) => {
  await azure.order("rg-web", "web-03", "shutdown");
  const found = [];
  const sizes = [];
  let skipToken;
  do {
    const options = { top: 20, skipToken, resultFormat: "objectArray" };
    const page = await client().resources({ subscriptions: [SUBSCRIPTION], query: QUERY, options });
    assert.equal(page.totalRecords, MACHINES.length);
    assert.equal(page.count, page.data.length);
    assert.equal(page.resultTruncated, "false");
    assert.deepEqual(page.facets, []);
    // The client takes the token under its own name as well, without the dollar.
    assert.equal(JSON.parse(page._response.bodyAsText).$skipToken, page.skipToken);
    found.push(...page.data);
    sizes.push(page.count);
    skipToken = page.skipToken;
  } while (skipToken !== undefined);
  assert.deepEqual(sizes, [20, 20, 3]);
  assert.deepEqual(found, expected(["web-03"]));
  const asked = "POST /providers/Microsoft.ResourceGraph/resources";
  assert.deepEqual(await azure.asked("resourceGraph"), [asked, asked, asked]);

  // Without `id` there is no next page.
  const query = "Resources | project name";
  const cut = await client().resources({ subscriptions: [SUBSCRIPTION], query, options: { top: 2 } });
  assert.deepEqual([cut.resultTruncated, cut.skipToken, cut.count], ["true", undefined, 2]);
});

job("queries.table", {}, async () => {
  const query = `${QUERY} | limit 5`;
  const options = { resultFormat: "table" };
  const page = await client().resources({ subscriptions: [SUBSCRIPTION], query, options });
  const rows = expected([]).slice(0, 5).map((row) => Object.values(row));
  const names = ["id", "name", "resourceGroup", "location", "powerState"];
  const columns = names.map((name) => ({ name, type: "string" }));
  assert.deepEqual(page.data, { columns, rows });
  assert.deepEqual([page.totalRecords, page.count, page.skipToken], [5, 5, undefined]);

  const counting = { subscriptions: [SUBSCRIPTION], query: "Resources | count", options };
  const counted = await client().resources(counting);
  assert.deepEqual(counted.data, {
    columns: [{ name: "Count", type: "integer" }],
    rows: [[MACHINES.length]],
  });
  const { left, resets } = quota(counted._response.headers);
  assert.deepEqual([left, resets], ["13", "00:00:05"]);
});

const quota = (headers) => ({
  left: headers.get("x-ms-user-quota-remaining"),
  resets: headers.get("x-ms-user-quota-resets-after"),
});

job("queries.refused", {}, async () => {
  const query = "Resources\n| wher name == 'web-01'";
  await assert.rejects(client().resources({ subscriptions: [SUBSCRIPTION], query }), (error) => {
    assert.equal(error.name, "Error");
    assert.deepEqual([error.statusCode, error.code], [400, "BadRequest"]);
    const support = "Please provide below info when asking for support: timestamp = ";
    assert.ok(error.message.startsWith(support), error.message);
    assert.match(error.message, /Z, correlationId = [0-9a-f-]{36}\.$/);
    const [invalid, stopped] = error.body.error.details;
    assert.equal(invalid.code, "InvalidQuery");
    assert.match(invalid.message, /^Query is invalid\./);
    assert.deepEqual(stopped, {
      code: "ParserFailure",
      message: "ParserFailure",
      line: 2,
      characterPositionInLine: 2,
      token: "wher",
      expectedToken: "Ǐ",
    });
    return true;
  });
});
