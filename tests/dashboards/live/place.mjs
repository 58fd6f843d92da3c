// The programs of a live run, each a child of this one and ended by it: the local Azure,
// three gateways and Prometheus, on free ports of this host alone.
//
// The first gateway asks Graph for users, the second has TLS and keeps all users in memory;
// the third is set up wrongly: it asks nobody's keys, and lets nobody in.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, copyFileSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { ALERTS, HOME, ROOT, YAML, files, text } from "../places.mjs";

const FOLDER = join(HOME, "live");

/** The local Azure's tenant, and the gateway's application in it. */
const TENANT = "7b31ddc4-0000-4000-8000-5a4d0bca1a11";
const AUDIENCE = "6a7e0a91-0000-4000-8000-0000000a9100";

const SUBSCRIPTION = "/subscriptions/5ab1e000-0000-4000-8000-000000000001";

/** What Prometheus' operator labels the target of a ServiceMonitor with. */
const OPERATORS = {
  namespace: "apps",
  service: "mi-gateway-metrics",
  pod: "mi-gateway-0",
  container: "mi-gateway",
  endpoint: "metrics",
};

/** As the chart has it. */
const serviceMonitor = () =>
  YAML.parseAllDocuments(text(join(ROOT, "tests/chart/snapshots/production.yaml")))
    .map((document) => document.toJS())
    .find(({ kind }) => kind === "ServiceMonitor");

/** The program that a variable names; programs are started in a folder of their own. */
function program(variable, otherwise) {
  const named = process.env[variable] ?? otherwise;
  return named.includes("/") ? resolve(named) : named;
}

const built = (name) => join(ROOT, "target/debug", name);

/** Tried and not enforced: nobody restarts anything, and readers may start. */
const SHADOWS = `
@id("nobody-restarts")
@shadow("true")
forbid (principal, action == MiGateway::Action::"restart", resource);

@id("readers-start")
@shadow("true")
permit (principal in MiGateway::Role::"Vm.Read", action == MiGateway::Action::"start", resource);
`;

/** Starts everything; `without` is a metric that Prometheus is not to have. */
export async function start(without) {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const place = new Place();
  try {
    await place.begin(without);
    return place;
  } catch (error) {
    await place.stop();
    throw error;
  }
}

class Place {
  children = [];

  async begin(without) {
    const [azure, plain, plainAdmin, secure, secureAdmin, lost, lostAdmin, nobody, prometheus] = await freePorts(9);
    this.azure = `http://127.0.0.1:${azure}`;
    this.plain = { url: `http://127.0.0.1:${plain}`, admin: `http://127.0.0.1:${plainAdmin}` };
    this.secure = { url: `https://localhost:${secure}`, admin: `http://127.0.0.1:${secureAdmin}` };
    this.lost = { url: `http://127.0.0.1:${lost}`, admin: `http://127.0.0.1:${lostAdmin}` };
    this.prometheus = `http://127.0.0.1:${prometheus}`;
    this.files = {
      policies: join(FOLDER, "policies.cedar"),
      audit: join(FOLDER, "audit.jsonl"),
      certificate: join(FOLDER, "tls.crt"),
      key: join(FOLDER, "tls.key"),
    };
    this.policies = text(join(ROOT, "deploy/policies/default.cedar")) + SHADOWS;
    writeFileSync(this.files.policies, this.policies);
    certify(this.files);

    const sandbox = program("AZURE_SANDBOX", built("azure-sandbox"));
    this.run("azure", sandbox, ["serve", "--json", "--listen", `127.0.0.1:${azure}`, "--operation-takes", "2s"]);
    await answers(`${this.azure}/sandbox/vms`);
    const told = readFileSync(join(FOLDER, "azure.out"), "utf8");
    const { environment } = JSON.parse(told);
    const shared = {
      ...environment,
      PATH: process.env.PATH,
      MIG_SCOPES: SUBSCRIPTION,
      MIG_AUTH: "entra",
      MIG_AUTH_TENANT: TENANT,
      MIG_AUTH_AUDIENCE: AUDIENCE,
      MIG_LOG_FORMAT: "json",
    };
    const gateway = program("MI_GATEWAY", built("mi-gateway"));
    this.plain.process = this.run("gateway-0", gateway, [], {
      ...shared,
      MIG_LISTEN: `127.0.0.1:${plain}`,
      MIG_ADMIN_LISTEN: `127.0.0.1:${plainAdmin}`,
      MIG_POLICY_FILE: this.files.policies,
      MIG_AUDIT_FILE: this.files.audit,
      MIG_DIRECTORY_MAX_AGE: "2s",
      MIG_CALLER_CHANGES: "30/1m",
    });
    this.secure.process = this.run("gateway-1", gateway, [], {
      ...shared,
      MIG_LISTEN: `127.0.0.1:${secure}`,
      MIG_ADMIN_LISTEN: `127.0.0.1:${secureAdmin}`,
      MIG_TLS_CERTIFICATE_FILE: this.files.certificate,
      MIG_TLS_KEY_FILE: this.files.key,
      MIG_DIRECTORY: "replica",
      MIG_DIRECTORY_POLL: "3s",
    });
    this.lost.process = this.run("gateway-2", gateway, [], {
      ...shared,
      MIG_LISTEN: `127.0.0.1:${lost}`,
      MIG_ADMIN_LISTEN: `127.0.0.1:${lostAdmin}`,
      MIG_ENTRA_ENDPOINT: `http://127.0.0.1:${nobody}`,
    });
    await answers(`${this.plain.admin}/readyz`);
    await answers(`${this.secure.admin}/readyz`);
    await answers(`${this.lost.admin}/livez`);
    this.scrape(without);
    this.run("prometheus", program("PROMETHEUS", "prometheus"), [
      `--config.file=${join(FOLDER, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(FOLDER, "data")}`,
      `--web.listen-address=127.0.0.1:${prometheus}`,
      "--log.level=warn",
    ]);
    await answers(`${this.prometheus}/-/ready`);
  }

  /** Prometheus' configuration. The rules are those of the chart, each second and not each
   * minute; the second job has the labels that Prometheus' operator would give, less those
   * that the chart's ServiceMonitor leaves out. */
  scrape(without) {
    const gateways = [this.plain, this.secure, this.lost].map(({ admin }, index) => ({
      targets: [new URL(admin).host],
      labels: { instance: `gateway-${index}` },
    }));
    const [{ honorLabels, relabelings }] = serviceMonitor().spec.endpoints;
    const job = (name, labels) => ({
      job_name: name,
      honor_labels: honorLabels,
      static_configs: gateways.map((it) => ({ ...it, labels: { ...it.labels, ...labels } })),
      relabel_configs: relabelings,
      metric_relabel_configs: without
        ? [{ source_labels: ["__name__"], regex: `${without}(_bucket|_sum|_count)?`, action: "drop" }]
        : [],
    });
    const names = files(ALERTS, ".yaml").map(([name, path]) => {
      const rules = YAML.parse(text(path));
      rules.groups.forEach((group) => (group.interval = "1s"));
      writeFileSync(join(FOLDER, `${name}.yaml`), YAML.stringify(rules));
      return `${name}.yaml`;
    });
    const configuration = {
      global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
      rule_files: names,
      scrape_configs: [job("mi-gateway", {}), job("gateways", OPERATORS)],
    };
    writeFileSync(join(FOLDER, "prometheus.yml"), YAML.stringify(configuration));
  }

  /** Starts a program whose output goes to files. */
  run(name, command, args, env = process.env) {
    const out = openSync(join(FOLDER, `${name}.out`), "w");
    const err = openSync(join(FOLDER, `${name}.err`), "w");
    const child = spawn(command, args, { env, stdio: ["ignore", out, err], cwd: FOLDER });
    child.on("error", (error) => {
      appendFileSync(join(FOLDER, `${name}.err`), `${error}\n`);
      console.error(`live: ${error.message}`);
    });
    this.children.push({ name, child });
    return child;
  }

  /** What Prometheus answers, or what it says is wrong. */
  async ask(what, parameters) {
    const answer = await fetch(`${this.prometheus}/api/v1/${what}`, {
      method: what === "rules" ? "GET" : "POST",
      body: what === "rules" ? undefined : new URLSearchParams(parameters),
    });
    const { status, data, error } = await answer.json();
    if (status !== "success") {
      throw new Error(error);
    }
    return data;
  }

  /** Ends all that was started, last first; which of them had ended by themselves. */
  async stop() {
    const faults = [];
    for (const { name, child } of this.children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
        faults.push(`${name} had ended: ${text(join(FOLDER, `${name}.err`)).trim().slice(-500)}`);
        continue;
      }
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 8_000);
      await ended;
      clearTimeout(late);
    }
    return faults;
  }
}

/** A certificate for this host, signed by itself, and another one that nobody has the key of. */
function certify({ certificate, key }) {
  const made = (crt, to) =>
    spawnSync("openssl", [
      ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30".split(" "),
      ..."-subj /CN=localhost -addext subjectAltName=DNS:localhost".split(" "),
      ...["-out", crt, "-keyout", to],
    ]);
  for (const [crt, to] of [[certificate, key], [`${certificate}.other`, `${key}.other`]]) {
    const { status, stderr } = made(crt, to);
    if (status !== 0) {
      throw new Error(`openssl: ${stderr}`);
    }
  }
  copyFileSync(certificate, `${certificate}.good`);
}

/** Ports that nothing listens on. */
async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}

/** Resolves when there is an answer of 200. */
async function answers(url) {
  for (let tries = 0; tries < 300; tries += 1) {
    const answer = await fetch(url).catch(() => null);
    await answer?.arrayBuffer();
    if (answer?.status === 200) {
      return;
    }
    await sleep(100);
  }
  throw new Error(`${url} does not answer`);
}
