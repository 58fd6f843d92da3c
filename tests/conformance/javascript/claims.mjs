// What tokens have to say.

import assert from "node:assert/strict";

import { TENANT } from "./seed.mjs";

export const ARM = "https://management.azure.com";
export const GRAPH = "https://graph.microsoft.com";

/** `token` is the text that a credential returned; any client may read its claims. */
export function claims(token) {
  const parts = token.split(".");
  assert.equal(parts.length, 3, "not a JWT");
  return JSON.parse(Buffer.from(parts[1], "base64url").toString());
}

/**
 * `token`, as a credential returned it after `took` seconds of tries, is of `identity`,
 * for `audience`, and lasts a day.
 */
export function assertIs(token, identity, audience, took = 0) {
  const { aud, appid, oid, sub, tid, iss, exp, nbf, xms_mirid: resourceId } = claims(token.token);
  assert.deepEqual(
    { aud, appid, oid, tid, iss },
    {
      aud: audience,
      appid: identity.clientId,
      oid: identity.objectId,
      tid: TENANT,
      iss: `https://sts.windows.net/${TENANT}/`,
    },
  );
  if (identity.resourceId !== undefined) {
    if (identity.resourceId instanceof RegExp) {
      assert.match(resourceId, identity.resourceId);
    } else {
      assert.equal(resourceId, identity.resourceId);
    }
    assert.equal(sub, identity.objectId);
  }
  assert.equal(token.tokenType, "Bearer");
  assert.equal(exp - nbf, 24 * 3600);
  assertSeconds(token.expiresOnTimestamp, exp, took);
}

/**
 * MSAL makes a distance of a moment, and a moment of that again, counted from before
 * the first try: a second may go astray, and as many as the tries `took`.
 */
export function assertSeconds(milliseconds, seconds, took = 0) {
  assert.ok(Number.isInteger(milliseconds), `${milliseconds} is no number`);
  const off = milliseconds / 1000 - seconds;
  assert.ok(off >= -1 - took && off <= 1, `${milliseconds} is not ${seconds} s`);
}
