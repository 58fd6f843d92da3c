// Tokens, by `@azure/identity`, wherever Azure gives them out.

import assert from "node:assert/strict";

import {
  CredentialUnavailableError,
  ManagedIdentityCredential,
  WorkloadIdentityCredential,
} from "@azure/identity";

import { ARM, assertIs, assertSeconds, claims, GRAPH } from "./claims.mjs";
import { job } from "./job.mjs";
import { GATEWAY, OTHER, SYSTEM, TENANT, USER } from "./seed.mjs";

const SCOPE = `${ARM}/.default`;
const GRAPH_SCOPE = `${GRAPH}/.default`;

/**
 * A token for Resource Manager and one for Graph, both of `identity`, by one request
 * each: a third call is answered from the client's cache.
 */
async function givesBoth(azure, credential, identity) {
  const arm = await credential.getToken(SCOPE);
  const graph = await credential.getToken(GRAPH_SCOPE);
  const again = await credential.getToken(SCOPE);
  assertIs(arm, identity, ARM);
  assertIs(graph, identity, GRAPH);
  assert.equal(again.token, arm.token);
  return [arm, await azure.asked("token")];
}

/** Digits in quotes, as every host writes times but Service Fabric. */
const TEXT = "string";

/**
 * A source that is asked for the identity by `id`, such as `{ clientId }`; `form` is
 * the type of its `expires_on`, which MSAL takes in any.
 */
function source(name, host, path, id, identity, form = TEXT) {
  job(`tokens.${name}`, { host }, async (azure) => {
    const credential = new ManagedIdentityCredential(id);
    const answers = listen(credential);
    const [token, asked] = await givesBoth(azure, credential, identity);
    assert.deepEqual(asked, [`GET ${path}`, `GET ${path}`]);
    // Half of its time, as MSAL has it where `expires_on` was read as seconds.
    const { exp } = claims(token.token);
    assertSeconds(token.refreshAfterTimestamp, exp - 12 * 3600);

    assertTold(answers, form);
  });
}

/** `answers` are for Resource Manager and for Graph. */
function assertTold(answers, form) {
  const told = answers.map((it) => [typeof it.expires_on, it.resource, it.token_type]);
  assert.deepEqual(told, [[form, ARM, "Bearer"], [form, GRAPH, "Bearer"]]);
}

/**
 * The answers that `credential` gets, as they come. It shows none of them: they are
 * heard in the pipeline of its private client.
 */
function listen(credential) {
  const answers = [];
  const sendRequest = async (request, next) => {
    const response = await next(request);
    answers.push(JSON.parse(response.bodyAsText));
    return response;
  };
  credential.identityClient.pipeline.addPolicy({ name: "listen", sendRequest });
  return answers;
}

// `AZURE_POD_IDENTITY_AUTHORITY_HOST` gives MSAL's path its last slash.
const IMDS = "/metadata/identity/oauth2/token/";
source("imds.system", "vm", IMDS, {}, SYSTEM);
source("imds.client-id", "vm", IMDS, { clientId: GATEWAY.clientId }, GATEWAY);
source("imds.object-id", "vm", IMDS, { objectId: GATEWAY.objectId }, GATEWAY);
source("imds.resource-id", "vm", IMDS, { resourceId: GATEWAY.resourceId }, GATEWAY);

const APP_SERVICE = ["container-app", "/msi/token"];
source("app-service.system", ...APP_SERVICE, {}, SYSTEM);
source("app-service.client-id", ...APP_SERVICE, { clientId: GATEWAY.clientId }, GATEWAY);
source("app-service.object-id", ...APP_SERVICE, { objectId: GATEWAY.objectId }, GATEWAY);
source("app-service.resource-id", ...APP_SERVICE, { resourceId: GATEWAY.resourceId }, GATEWAY);

source("machine-learning.client-id", "ml", "/ml/msi/token", { clientId: GATEWAY.clientId }, GATEWAY);

const NODE = ["service-fabric", "/metadata/identity/oauth2/token"];
source("service-fabric.system", ...NODE, {}, SYSTEM, "number");

job("tokens.imds.not-assigned", { host: "vm" }, async (azure) => {
  const credential = new ManagedIdentityCredential({ clientId: OTHER.clientId });
  await assert.rejects(credential.getToken(SCOPE), (error) => {
    assert.ok(error instanceof CredentialUnavailableError);
    assert.equal(error.cause.errorCode, "invalid_request");
    assert.match(error.message, /^ManagedIdentityCredential: Authentication failed\./);
    assert.match(error.message, /Description: Identity not found /);
    return true;
  });
  assert.deepEqual(await azure.asked("token"), [`GET ${IMDS}`]);
});

job("tokens.imds.throttled", { host: "vm" }, async (azure) => {
  await azure.fault("token", { throttleSeconds: 1 }, 1);
  const credential = new ManagedIdentityCredential();
  const began = Date.now();
  const token = await credential.getToken(SCOPE);
  const took = (Date.now() - began) / 1000;
  assert.ok(took >= 0.99, "asked again before Retry-After");
  assertIs(token, SYSTEM, ARM, took);
  assert.deepEqual(await azure.asked("token"), [`GET ${IMDS}`, `GET ${IMDS}`]);
});

job("tokens.cloud-shell.user", { host: "cloud-shell" }, async (azure) => {
  const credential = new ManagedIdentityCredential();
  const answers = listen(credential);
  const [token, asked] = await givesBoth(azure, credential, USER);
  assertTold(answers, TEXT);
  assert.equal(claims(token.token).scp, "user_impersonation");
  assert.deepEqual(asked, ["POST /oauth2/token", "POST /oauth2/token"]);
});

job("tokens.arc.system", { host: "arc" }, async (azure) => {
  await keysAreIn(process.env.MIG_ARC_KEY_FOLDER);
  const credential = new ManagedIdentityCredential();
  const [, asked] = await givesBoth(azure, credential, SYSTEM);
  const path = "GET /metadata/identity/oauth2/token";
  assert.deepEqual(asked, [path, path, path, path], "a challenge before each token");
});

/**
 * MSAL reads keys from the folder of a real agent and from no other, and does not
 * export its name: the constant is changed in the module that the client uses.
 */
async function keysAreIn(folder) {
  const msal = import.meta.resolve("@azure/msal-node");
  const module = new URL("client/ManagedIdentitySources/AzureArc.mjs", msal);
  const { SUPPORTED_AZURE_ARC_PLATFORMS: folders } = await import(module);
  assert.equal(folders.linux, "/var/opt/azcmagent/tokens/");
  folders.linux = `${folder}/`;
}

// Nothing is discovered: MSAL knows the names of this cloud and its endpoints by heart
// (`@azure/msal-common` 16.17.0, `AuthorityMetadata.mjs`).
job("tokens.workload-identity.client-id", { host: "aks" }, async (azure) => {
  const credential = new WorkloadIdentityCredential();
  const [, asked] = await givesBoth(azure, credential, GATEWAY);
  const endpoint = `POST /${TENANT}/oauth2/v2.0/token`;
  assert.deepEqual(asked, [endpoint, endpoint]);
});

job("tokens.workload-identity.expired", { host: "aks" }, async (azure) => {
  await azure.post("assertions/expire");
  await assert.rejects(new WorkloadIdentityCredential().getToken(SCOPE), (error) => {
    assert.equal(error.name, "AuthenticationRequiredError");
    assert.match(error.message, /AADSTS700024/);
    return true;
  });
  await azure.post("assertions/rotate");
  assertIs(await new WorkloadIdentityCredential().getToken(SCOPE), GATEWAY, ARM);
});
