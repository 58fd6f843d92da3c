// What callers, operators and Azure do while Prometheus looks on: all that a panel or an
// alert is about happens, and most of it more than once.

import { copyFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { text } from "../places.mjs";

/** One that nothing is ordered for: of each, 36 looks at once and 12 a minute are allowed. */
const machine = () => `/vms/batch-${String(1 + Math.floor(Math.random() * 16)).padStart(2, "0")}`;

/** Callers come for so long; what was expected of an answer and did not come. */
export async function drive(place, seconds) {
  const faults = [];
  const end = Date.now() + seconds * 1e3;
  const tokens = await issued(place);
  const call = caller(place, tokens, faults);
  // On a slow host one round takes longer.
  let isRoundDone = false;
  const going = () => Date.now() < end || !isRoundDone;

  const background = [
    every(going, 150, () => call("GET", machine())),
    every(going, 700, () => call("GET", "/vms?powerState=running")),
    every(going, 400, () => call("GET", "/directory/users?department=Seinfeld&top=5")),
    every(going, 900, () => call("GET", `/directory/users?department=${encodeURIComponent("Kramer's Ideas")}`)),
    every(going, 1_000, () => call("GET", "/identity")),
    every(going, 500, () => call("GET", machine(), { gateway: place.secure })),
    every(going, 600, () => call("GET", "/directory/users?department=Executive", { gateway: place.secure })),
    every(going, 1_000, () => probe(place)),
    every(going, 2_000, () => call("GET", "/vms/web-01", { gateway: place.lost, expect: 503 })),
    every(going, 2_000, () => call("GET", "/vms/nowhere")),
    every(going, 2_000, () => call("GET", "/vms/web-01", { token: null, expect: 401 })),
    every(going, 3_000, () => call("GET", "/vms/web-01", { token: tokens.forged, expect: 401 })),
    every(going, 3_000, () => call("GET", "/vms/web-01", { token: tokens.expired, expect: 401 })),
    every(going, 2_000, () => call("POST", "/vms/web-03/start", { token: tokens.reader, expect: 403 })),
    every(going, 5_000, () => call("POST", "/vms/web-03/restart?dryRun=true")),
  ];
  // One after the other, again and again: faults of one are not to meet another's.
  const rounds = (async () => {
    for (let round = 0; round === 0 || going(); round += 1) {
      for (const event of EVENTS) {
        if (round > 0 && !going()) {
          break;
        }
        try {
          await event(place, call, round);
        } catch (error) {
          faults.push(`${event.name}: ${error.message}`);
        }
      }
      isRoundDone = true;
    }
  })();
  await Promise.all([...background, rounds]);
  await control(place, "DELETE", "faults");
  // The last scrape and the last evaluation.
  await sleep(2_500);
  return faults;
}

async function every(going, milliseconds, act) {
  while (going()) {
    await act();
    await sleep(milliseconds);
  }
}

/** Tokens by what they are good for. */
async function issued(place) {
  const token = async (wanted) => (await control(place, "POST", "callers/token", wanted)).token;
  return {
    operator: await token({}),
    reader: await token({ caller: "reader", roles: ["Vm.Read"] }),
    busy: await token({ caller: { app: "busy" }, roles: ["Vm.Operate", "Vm.Read"] }),
    forged: await token({ signedBy: "forged" }),
    expired: await token({ issuedIn: -7200, validIn: -7200, expiresIn: -3600 }),
  };
}

/** Asks one of the gateways, and notes what was not expected. */
function caller(place, tokens, faults) {
  const { hostname, port } = new URL(place.secure.url);
  const ca = text(`${place.files.certificate}.good`);
  const overTls = (method, path, headers) =>
    new Promise((resolve, reject) => {
      // A connection each: handshakes are counted.
      const agent = new Agent({ keepAlive: false });
      const asked = request({ hostname, port, path, method, headers, ca, agent }, (answer) => {
        let body = "";
        answer.on("data", (part) => (body += part));
        answer.on("end", () => resolve({ status: answer.statusCode, body }));
      });
      asked.on("error", reject);
      asked.end();
    });
  const plainly = async (gateway, method, path, headers) => {
    const answer = await fetch(gateway.url + path, { method, headers });
    return { status: answer.status, body: await answer.text() };
  };
  return async (method, path, { token = tokens.operator, as, gateway = place.plain, expect, headers = {} } = {}) => {
    const held = as ? tokens[as] : token;
    const all = { ...headers, ...(held ? { authorization: `Bearer ${held}` } : {}) };
    try {
      const answer = await (gateway === place.secure ? overTls(method, path, all) : plainly(gateway, method, path, all));
      if (expect && answer.status !== expect) {
        faults.push(`${method} ${path}: ${answer.status} and not ${expect}: ${answer.body.slice(0, 300)}`);
      }
      return answer;
    } catch (error) {
      faults.push(`${method} ${path}: ${error.message} ${error.cause ?? ""}`);
      return { status: 0, body: "" };
    }
  };
}

/** Asks for readiness, as Kubernetes does. */
async function probe(place) {
  for (const { admin } of [place.plain, place.secure, place.lost]) {
    await (await fetch(`${admin}/readyz`)).arrayBuffer();
  }
}

/** The local Azure is told something. */
async function control(place, method, path, body) {
  const answer = await fetch(`${place.azure}/sandbox/${path}`, {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const said = await answer.json();
  if (answer.status !== 200) {
    throw new Error(`${method} /sandbox/${path}: ${answer.status} ${JSON.stringify(said)}`);
  }
  return said;
}

const inject = (place, service, fault, times) => control(place, "POST", "faults", { service, fault, times });
const clear = (place) => control(place, "DELETE", "faults");

/** Asks until `metric` of the first gateway is there; it is counted when it has happened. */
const counted = (place, metric, gateway = place.plain) =>
  until(async () => (await (await fetch(`${gateway.admin}/metrics`)).text()).includes(metric), metric);

async function until(holds, what) {
  for (let tries = 0; tries < 150; tries += 1) {
    if (await holds()) {
      return;
    }
    await sleep(100);
  }
  throw new Error(`no ${what} within 15 s`);
}

const WAIT = { headers: { prefer: "wait=10" } };

const EVENTS = [
  async function machinesAreSwitched(place, call, round) {
    const name = `web-0${4 + (round % 4)}`;
    await call("POST", `/vms/${name}/deallocate`, { ...WAIT, expect: 200 });
    await call("POST", `/vms/${name}/deallocate`, { ...WAIT, expect: 200 });
    const started = call("POST", `/vms/${name}/start`, WAIT);
    await sleep(300);
    await call("POST", `/vms/${name}/start`, WAIT);
    await started;
  },
  async function anOrderOvertakesAnother(place, call) {
    await call("POST", "/vms/web-08/deallocate", { expect: 202 });
    await sleep(300);
    await call("POST", "/vms/web-08/start?supersede=true", { ...WAIT });
  },
  async function anOperationFails(place, call) {
    await control(place, "POST", "operations/fail", { code: "AllocationFailed", message: "There is no capacity." });
    await call("POST", "/vms/web-09/restart", WAIT);
  },
  async function anOperationIsForgotten(place, call) {
    await call("POST", "/vms/web-03/redeploy", { expect: 202 });
    await control(place, "POST", "operations/forget", {});
    await sleep(1_500);
  },
  async function azureFails(place, call) {
    await inject(place, "virtualMachines", { answer: { status: 503 } });
    await inject(place, "graph", { answer: { status: 502 } });
    await sleep(3_000);
    await clear(place);
    await inject(place, "virtualMachines", "reset", 4);
    await sleep(1_000);
    await clear(place);
  },
  async function azureThrottles(place, call) {
    await inject(place, "virtualMachines", { throttleSeconds: 1 }, 4);
    const headers = [["retry-after", "1"], ["x-ms-throttle-limit-percentage", "1.2"], ["content-type", "application/json"]];
    const body = { error: { code: "TooManyRequests", message: "Too many requests." } };
    await inject(place, "graph", { answer: { status: 429, headers, body } }, 3);
    await counted(place, "mi_gateway_upstream_quota_used_ratio{");
    await sleep(1_500);
    await clear(place);
  },
  async function tokensAreRefused(place, call, round) {
    // Azure takes the old ones no more, and at first the host hands out no others; a
    // second time, that would be remembered for too long.
    if (round > 0) {
      return;
    }
    await inject(place, "token", { answer: { status: 400, body: { error: "invalid_request" } } });
    await control(place, "POST", "tokens/expire", {});
    await call("GET", "/vms/web-01");
    await counted(place, "mi_gateway_token_refresh_failures_total{");
    await clear(place);
    await counted(place, "mi_gateway_token_invalidations_total{");
    await until(async () => (await call("GET", "/vms/web-11")).status === 200, "answer with a new token");
  },
  async function nothingCanBeWrittenDown(place, call) {
    const reopen = async () => {
      place.plain.process.kill("SIGHUP");
      await sleep(500);
    };
    rmSync(place.files.audit, { force: true });
    symlinkSync("/dev/full", place.files.audit);
    await reopen();
    try {
      await call("POST", "/vms/web-02/deallocate", { expect: 503 });
      await call("POST", "/vms/web-02/start", { as: "reader", expect: 403 });
      await counted(place, 'mi_gateway_audit_failures_total{stage="intent"}');
      await counted(place, 'mi_gateway_audit_failures_total{stage="denied"}');
      await sleep(1_500);
    } finally {
      rmSync(place.files.audit);
      await reopen();
    }
    await until(async () => (await fetch(`${place.plain.admin}/readyz`)).status === 200, "record of changes again");
  },
  async function policiesAreSpoilt(place) {
    writeFileSync(place.files.policies, `${place.policies}\npermit (principal, action, resource) when { nonsense };\n`);
    await counted(place, 'mi_gateway_policy_loads_total{outcome="refused"}');
    writeFileSync(place.files.policies, `${place.policies}\n// Mended ${Date.now()}.\n`);
  },
  async function aCertificateIsSpoilt(place) {
    copyFileSync(`${place.files.certificate}.other`, place.files.certificate);
    await counted(place, 'mi_gateway_tls_certificate_loads_total{outcome="refused"}', place.secure);
    copyFileSync(`${place.files.certificate}.good`, place.files.certificate);
  },
  async function somebodySpeaksNoTls(place) {
    const { port } = new URL(place.secure.url);
    await new Promise((resolve) => {
      const socket = connect(Number(port), "127.0.0.1", () => socket.end("GET / HTTP/1.1\r\n\r\n"));
      socket.on("error", resolve).on("close", resolve).resume();
    });
  },
  async function wholeListingsAreTaken(place, call) {
    for (const accept of ["text/csv", "application/x-ndjson"]) {
      await call("GET", "/directory/users?department=Workforce&department=Seinfeld", { headers: { accept }, expect: 200 });
    }
  },
  async function peopleComeAndGo(place) {
    await control(place, "POST", "users/churn", { changes: 20, seed: Date.now() % 1_000 });
  },
  async function somebodyOrdersTooMuch(place, call) {
    const orders = Array.from({ length: 34 }, () => call("POST", "/vms/web-01/start", { as: "busy" }));
    await Promise.all(orders);
  },
  async function somebodyGoesBeforeTheAnswer(place) {
    await inject(place, "virtualMachines", { delayMilliseconds: 900 });
    const { token } = await control(place, "POST", "callers/token", {});
    const { hostname, port, host } = new URL(place.plain.url);
    const socket = connect(Number(port), hostname);
    socket.on("error", () => {});
    socket.write(`GET /vms/web-10 HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${token}\r\n\r\n`);
    await sleep(300);
    // With a reset: half a connection could still take an answer.
    socket.resetAndDestroy();
    await counted(place, 'status="aborted"');
    await clear(place);
  },
];
