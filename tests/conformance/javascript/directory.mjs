// A client of Microsoft Graph, and who is in the directory.

import { DefaultAzureCredential } from "@azure/identity";
import { Client, PageIterator } from "@microsoft/microsoft-graph-client";
import provider from "@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js";
import { ProxyAgent } from "undici";

import { GRAPH } from "./claims.mjs";
import { DEPARTMENTS, userId } from "./seed.mjs";

/** Advanced queries need it, on each page. */
export const EVENTUAL = { ConsistencyLevel: "eventual" };

/** All that jobs ask for; `department` comes only to who asks for it. */
export const SELECTED = [
  "id",
  "displayName",
  "userPrincipalName",
  "mail",
  "jobTitle",
  "department",
  "officeLocation",
  "businessPhones",
  "mobilePhone",
  "accountEnabled",
  "userType",
  "employeeId",
];

/** The client uses Node's own fetch, and that of Node 20 knows no HTTPS_PROXY. */
export function graph() {
  const scopes = [`${GRAPH}/.default`];
  const credential = new DefaultAzureCredential();
  return Client.initWithMiddleware({
    authProvider: new provider.TokenCredentialAuthenticationProvider(credential, { scopes }),
    fetchOptions: { dispatcher: new ProxyAgent(process.env.HTTPS_PROXY) },
  });
}

/** Everybody from `page` on, by the client's own iterator; `headers` go to each page. */
export async function everybody(client, page, headers) {
  const found = [];
  const note = (user) => found.push(user) > 0;
  const pages = new PageIterator(client, page, note, headers && { headers });
  await pages.iterate();
  return { found, deltaLink: pages.getDeltaLink() };
}

/** The filter for a department: a quote is doubled, and the client encodes nothing. */
export const of = (department) =>
  encodeURIComponent(`department eq '${department.replaceAll("'", "''")}'`);

/** The numbers of the users of `department`. */
export function numbers(department) {
  const at = DEPARTMENTS.findIndex(([name]) => name === department);
  const first = DEPARTMENTS.slice(0, at).reduce((sum, [, size]) => sum + size, 0);
  return Array.from({ length: DEPARTMENTS[at][1] }, (_, index) => first + index);
}

/** What is known of a user but for the name. */
export function user(number, department) {
  const four = String(number).padStart(4, "0");
  const isGuest = number % 41 === 40;
  return {
    id: userId(number),
    userPrincipalName: isGuest
      ? `user${four}_partner_example.org#EXT#@example.com`
      : `user${four}@example.com`,
    mail: `user${four}@example.com`,
    jobTitle: number % 7 === 0 ? null : "Specialist",
    department,
    officeLocation: `${(number % 9) + 1}/${number % 40}`,
    businessPhones: number % 13 === 12 ? [] : [`+1 555 ${four}`],
    mobilePhone: null,
    accountEnabled: number % 23 !== 22,
    userType: isGuest ? "Guest" : "Member",
    employeeId: String(number),
  };
}
