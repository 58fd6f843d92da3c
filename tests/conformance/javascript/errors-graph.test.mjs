// How Microsoft Graph says no, as `@microsoft/microsoft-graph-client` tells it.

import assert from "node:assert/strict";

import { GraphError } from "@microsoft/microsoft-graph-client";

import { GRAPH } from "./claims.mjs";
import { everybody, EVENTUAL, graph, numbers, of, user } from "./directory.mjs";
import { job } from "./job.mjs";

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** `promise` is refused by the client's own error, which is returned. */
async function refused(promise, statusCode, code, message) {
  let seen;
  await assert.rejects(promise, (error) => {
    seen = error;
    assert.ok(error instanceof GraphError, `${error.name} is no GraphError`);
    assert.deepEqual([error.statusCode, error.code, error.message], [statusCode, code, message]);
    assert.match(error.requestId, GUID);
    assert.equal(error.headers.get("request-id"), error.requestId);
    assert.ok(Number.isFinite(error.date.getTime()), "no date");
    return true;
  });
  return seen;
}

const seinfeld = (client) => client.api("/users").filter(of("Seinfeld")).select("id").top(10);
const EVERYBODY = numbers("Seinfeld").map((number) => ({ id: user(number).id }));

job("errors.graph.forbidden", {}, async (azure) => {
  await azure.put("graph/roles", { appRoles: "none" });
  const why = "Insufficient privileges to complete the operation.";
  await refused(seinfeld(graph()).get(), 403, "Authorization_RequestDenied", why);
  assert.deepEqual(await azure.asked("graph"), ["GET /v1.0/users"], "asked once");
});

// Half a unit comes back each second, and what is refused is counted as well.
job("errors.graph.throttled", { options: ["--graph-units", "5"] }, async (azure) => {
  const client = graph();
  const began = Date.now();
  for (let time = 0; time < 2; time += 1) {
    assert.deepEqual((await everybody(client, await seinfeld(client).get())).found, EVERYBODY);
  }
  assert.ok(Date.now() - began >= 3_990, "asked again before Retry-After");
  assert.equal((await azure.asked("graph")).length, 7, "three pages twice, and a refusal");
});

job("errors.graph.throttled-out", {}, async (azure) => {
  await azure.fault("graph", { throttleSeconds: 1 });
  const began = Date.now();
  const error = await refused(seinfeld(graph()).get(), 429, "TooManyRequests", "Too many requests");
  assert.ok(Date.now() - began >= 2_990, "asked again before Retry-After");
  assert.equal(error.headers.get("retry-after"), "1");
  assert.equal(error.headers.get("x-ms-throttle-information"), "ResourceUnitLimitExceeded");
  const scope = error.headers.get("x-ms-throttle-scope");
  assert.match(scope, /^Tenant_Application\/ReadWrite\/.{36}\/.{36}$/);
  assert.equal((await azure.asked("graph")).length, 4, "the client asks three times more");
});

job("errors.graph.expired-page", {}, async (azure) => {
  const client = graph();
  const first = await seinfeld(client).get();
  await azure.post("pages/expire");
  const why =
    "The specified page token value has expired and can no longer be included in your request.";
  await refused(everybody(client, first), 400, "Directory_ExpiredPageToken", why);
  const { found } = await everybody(client, await seinfeld(client).get());
  assert.deepEqual(found, EVERYBODY);
});

job("errors.graph.bad-filter", {}, async () => {
  const filtered = (filter) => graph().api("/users").filter(encodeURIComponent(filter));
  await refused(
    filtered("shoeSize eq 'x'").get(),
    400,
    "BadRequest",
    "Invalid filter clause: Could not find a property named 'shoeSize' on type 'microsoft.graph.user'.",
  );
  // What an advanced query takes is refused to all others.
  const others = () => filtered("department ne 'Sales'").count(true).top(5).select("department");
  await assert.rejects(filtered("department ne 'Sales'").get(), (error) => {
    assert.ok(error instanceof GraphError);
    assert.deepEqual([error.statusCode, error.code], [400, "Request_UnsupportedQuery"]);
    return true;
  });
  const { value } = await others().headers(EVENTUAL).get();
  assert.deepEqual(value, Array(5).fill({ department: "Seinfeld" }));
});

job("errors.graph.lost-delta", {}, async (azure) => {
  const client = graph();
  const selected = () => client.api("/users/delta").select(["id", "department"]);
  const { found, deltaLink } = await everybody(client, await selected().get());
  assert.equal(new Set(found.map(({ id }) => id)).size, 2000);

  await azure.post("delta/forget");
  const lost = await refused(client.api(deltaLink).get(), 410, "resyncRequired", "Resync required.");
  const location = lost.headers.get("location");
  assert.ok(location.startsWith(`${GRAPH}/v1.0/users/delta?`), location);
  const again = await everybody(client, await client.api(location).get());
  assert.equal(new Set(again.found.map(({ id }) => id)).size, 2000);

  await azure.post("delta/expire");
  const why =
    "The sync state generation is not found. The delta token is expired and data must be " +
    "synchronized again.";
  await refused(client.api(again.deltaLink).get(), 400, "syncStateNotFound", why);
});
