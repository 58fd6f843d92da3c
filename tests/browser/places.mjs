// Where things are. What npm has installed is in `target`, where Node would not look.

import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const ROOT = new URL("../../", import.meta.url);

const at = (path) => fileURLToPath(new URL(path, ROOT));

export const CONTRACT = at("openapi.yaml");
export const PROGRAMS = at("target/debug/");
export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

export const { chromium } = createRequire(at("target/browser/"))("playwright-core");

/** Where a picture goes. Those of the README are copies, made by hand. */
export function picture(name) {
  const folder = at("target/browser/pictures/");
  mkdirSync(folder, { recursive: true });
  return `${folder}${name}.png`;
}
