// Where things are: this folder's copy in `target` has the same depth as itself.

import { fileURLToPath } from "node:url";

const ROOT = new URL("../../../", import.meta.url);

const at = (path) => fileURLToPath(new URL(path, ROOT));

export const SOURCES = at("tests/conformance/javascript/");
export const HOME = at("target/conformance/javascript/");
export const JOBS = at("tests/conformance/jobs.toml");
export const RESULTS = process.env.CONFORMANCE_RESULTS ?? at("target/conformance");
export const PROGRAM = process.env.AZURE_SANDBOX ?? at("target/debug/azure-sandbox");
