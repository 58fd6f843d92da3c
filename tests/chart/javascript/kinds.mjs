/**
 * Objects of kinds that Kubernetes does not bring: `kinds.mjs FILE`, a list in JSON.
 *
 * The models of each kind say what is wrong by value; that a key is unknown only the
 * types tell, by TypeScript's check of literals. Prints faults, one a line.
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const modules = path.resolve(process.env.CHART_MODULES);
const require = createRequire(path.join(modules, "package.json"));
const ts = require("typescript");

const KINDS = {
  "monitoring.coreos.com/v1 ServiceMonitor": "prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor",
  "monitoring.coreos.com/v1 PodMonitor": "prometheus-operator/monitoring.coreos.com/v1/PodMonitor",
  "monitoring.coreos.com/v1 PrometheusRule": "prometheus-operator/monitoring.coreos.com/v1/PrometheusRule",
  "keda.sh/v1alpha1 ScaledObject": "keda/keda.sh/v1alpha1/ScaledObject",
  "gateway.networking.k8s.io/v1 HTTPRoute": "gateway-api/gateway.networking.k8s.io/v1/HTTPRoute",
};

// Azure's managed Prometheus has the same two under a group of its own, and no third.
const AZURES = /^az(?=monitoring\.coreos\.com\/v1 (?:Service|Pod)Monitor$)/;

const objects = JSON.parse(readFileSync(process.argv[2], "utf8"));
const faults = [];
// Two lines of TypeScript for each object, and the object's name.
const lines = [];
const names = [];
for (const [index, given] of objects.entries()) {
  const kind = `${given.apiVersion} ${given.kind}`.replace(AZURES, "");
  const object = { ...given, apiVersion: kind.split(" ")[0] };
  const module = KINDS[kind];
  const name = `${object.kind}/${object.metadata.name}`;
  if (!module) {
    faults.push(`${name}: nobody knows the kind ${kind}`);
    continue;
  }
  await validate(module, object, name);
  names.push(name);
  lines.push(
    `import type { I${object.kind} as T${index} } from "@kubernetes-models/${module}";`,
    `export const o${index}: T${index} = ${JSON.stringify(object)};`,
  );
}
faults.push(...unknownKeys(lines.join("\n")));
for (const fault of faults) console.log(fault);
process.exit(faults.length ? 1 : 0);

async function validate(module, object, name) {
  // Some packages are CommonJS beside modules, and some modules by another ending.
  const file = path.join(modules, "node_modules/@kubernetes-models", module);
  const loaded = await Promise.any(
    [".mjs", ".js"].map((ending) => import(pathToFileURL(file + ending).href)),
  );
  try {
    const Model = loaded[object.kind] ?? loaded.default[object.kind];
    new Model(object).validate();
  } catch (error) {
    faults.push(`${name}: ${error.message}`);
  }
}

function unknownKeys(source) {
  const file = path.join(modules, "objects.ts");
  const options = { strict: true, noEmit: true, skipLibCheck: true, target: ts.ScriptTarget.ES2022 };
  options.module = ts.ModuleKind.ESNext;
  options.moduleResolution = ts.ModuleResolutionKind.Bundler;
  options.types = [];
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, version) =>
    name === file ? ts.createSourceFile(name, source, version) : read(name, version);
  const exists = host.fileExists.bind(host);
  host.fileExists = (name) => name === file || exists(name);
  const program = ts.createProgram([file], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map((found) => {
      const line = found.file?.getLineAndCharacterOfPosition(found.start).line ?? 0;
      return `${names[line >> 1]}: ${ts.flattenDiagnosticMessageText(found.messageText, " ")}`;
    });
}
