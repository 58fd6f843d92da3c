// Users of departments whose names break what is joined carelessly, by
// `@microsoft/microsoft-graph-client`.

import assert from "node:assert/strict";

import { GraphError } from "@microsoft/microsoft-graph-client";

import { GRAPH } from "./claims.mjs";
import { everybody, EVENTUAL, graph, numbers, of, SELECTED, user } from "./directory.mjs";
import { job } from "./job.mjs";

const CONTEXT = `${GRAPH}/v1.0/$metadata#users`;

/** Everybody of `department`, once each, in pages of `top`. */
function department(key, name, top, { options = [], empty = 0 } = {}) {
  job(`users.${key}`, { options }, async (azure) => {
    await azure.put("graph/emptyPages", { pages: empty });
    const client = graph();
    const asked = client.api("/users").filter(of(name)).select(SELECTED).top(top);
    const first = await asked.get();
    assert.equal(first["@odata.context"], `${CONTEXT}(${SELECTED.join(",")})`);
    assert.equal(first.value.length, empty === 0 ? top : 0);

    const { found, deltaLink } = await everybody(client, first);
    assert.equal(deltaLink, undefined);
    const names = found.map(({ displayName }) => displayName);
    assert.ok(names.every((it) => /^\S+ \S+$/u.test(it)), "a display name of two words");
    const others = found.map(({ displayName: _, ...rest }) => rest);
    assert.deepEqual(others, numbers(name).map((number) => user(number, name)));
    const pages = Math.ceil(numbers(name).length / top) * (empty + 1);
    assert.deepEqual(await azure.asked("graph"), Array(pages).fill("GET /v1.0/users"));
  });
}

department("seinfeld", "Seinfeld", 10);
department("kramers-ideas", "Kramer's Ideas", 5, { options: ["--page-links", "base64"] });
department("r-and-d", "R&D", 100);
department("cpp-guild", "C++ Guild", 15);
department("all-cotton", "100% Cotton", 4);
department("team-1", "Team #1", 5, { empty: 2 });
department("kueche-cafe", "Küche & Café", 8, { options: ["--page-links", "base64"] });
department("import-export", "Import/Export", 20);

job("users.count", {}, async (azure) => {
  const client = graph();
  const counted = await client.api("/users/$count").headers(EVENTUAL).get();
  assert.equal(Number(counted), 2000);
  const some = await client.api("/users/$count").filter(of("R&D")).headers(EVENTUAL).get();
  assert.equal(Number(some), 310);
  assert.deepEqual(await azure.asked("graph"), ["GET /v1.0/users/$count", "GET /v1.0/users/$count"]);

  await assert.rejects(client.api("/users/$count").get(), (error) => {
    assert.ok(error instanceof GraphError);
    assert.deepEqual([error.statusCode, error.code], [400, "Request_BadRequest"]);
    assert.equal(error.message, "$count is not currently supported.");
    return true;
  });
});

job("users.counted-list", {}, async () => {
  const client = graph();
  const asked = () => client.api("/users").filter(of("R&D")).select("id").top(150).count(true);
  const first = await asked().headers(EVENTUAL).get();
  assert.equal(first["@odata.count"], 310);
  const second = await client.api(first["@odata.nextLink"]).headers(EVENTUAL).get();
  assert.equal("@odata.count" in second, false, "it comes on the first page alone");
  const { found } = await everybody(client, first, EVENTUAL);
  assert.deepEqual(found, numbers("R&D").map((number) => ({ id: user(number).id })));

  // The header is of each page, and without it nothing is counted.
  await assert.rejects(client.api(first["@odata.nextLink"]).get(), (error) => {
    assert.deepEqual([error.statusCode, error.code], [400, "Request_UnsupportedQuery"]);
    return true;
  });
  const plain = await asked().get();
  assert.equal("@odata.count" in plain, false);

  const raw = await asked().headers(EVENTUAL).responseType("raw").get();
  assert.equal(raw.headers.get("x-ms-resource-unit"), "1");
  assert.match(raw.headers.get("content-type"), /^application\/json;odata\.metadata=minimal;/);
});

job("users.delta", {}, async (azure) => {
  const client = graph();
  const initial = await client.api("/users/delta").select(["id", "department", "jobTitle"]).get();
  assert.equal(initial["@odata.deltaLink"], undefined);
  const round = await everybody(client, initial);
  const known = new Map(round.found.map((it) => [it.id, it]));
  assert.equal(known.size, 2000);
  const [untitled, moved, gone, restored] = numbers("Seinfeld").map((number) => user(number).id);
  assert.deepEqual(known.get(untitled), { id: untitled, department: "Seinfeld" }, "never had a title");
  assert.deepEqual(known.get(gone), { id: gone, department: "Seinfeld", jobTitle: "Specialist" });
  const pages = await azure.asked("graph");
  assert.ok(pages.length >= 10 && pages.every((it) => it === "GET /v1.0/users/delta"));

  const { id: added } = await azure.post("users", { department: "R&D" });
  await azure.patch(`users/${moved}`, { department: "Team #1", jobTitle: null });
  await azure.post(`users/${gone}/remove`);
  await azure.post(`users/${restored}/remove`);
  const next = await everybody(client, await client.api(round.deltaLink).get());
  const changes = new Map(next.found.map((it) => [it.id, it]));
  assert.equal(changes.get(added).department, "R&D");
  assert.deepEqual(changes.get(moved), { id: moved, department: "Team #1", jobTitle: null });
  for (const id of [gone, restored]) {
    assert.deepEqual(changes.get(id), { id, "@removed": { reason: "changed" } });
  }
  // Changes may be told again: then they say what was known.
  for (const change of next.found.filter(({ id }) => ![added, moved, gone, restored].includes(id))) {
    assert.deepEqual(change, known.get(change.id));
  }

  await azure.post(`users/${restored}/restore`);
  await azure.post(`users/${gone}/purge`);
  const last = await everybody(client, await client.api(next.deltaLink).get());
  const told = new Map(last.found.map((it) => [it.id, it]));
  assert.equal(told.get(restored).department, "Seinfeld");
  assert.deepEqual(told.get(gone), { id: gone, "@removed": { reason: "deleted" } });
  assert.notEqual(last.deltaLink, next.deltaLink);
});
