// The dashboards as Grafana's own types have them, checked by TypeScript.
//
// The type of a dashboard leaves open what the options of a panel are; so each panel is
// held to the types of its own kind as well, and to no property beside them.

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { HOME, boards, conclude, panelsOf } from "./places.mjs";

const cfg = (folder, name) => `@grafana/schema/dist/esm/raw/composable/${folder}/panelcfg/x/${name}PanelCfg_types.gen`;

const HEAD = `
import type { Dashboard, DataSourceRef, FieldConfig, Panel } from "@grafana/schema";
import type { Options as TimeSeries, FieldConfig as TimeSeriesField } from "${cfg("timeseries", "TimeSeries")}";
import type { Options as Stat } from "${cfg("stat", "Stat")}";
import type { Options as Table, FieldConfig as TableField } from "${cfg("table", "Table")}";

// JSON has no enums, only their values; and what is left out has its default.
type Plain<T> =
  T extends string ? \`\${T}\`
  : T extends number ? (\`\${T}\` extends \`\${infer N extends number}\` ? N : never)
  : T extends boolean | null | undefined | unknown[] ? (T extends (infer U)[] ? Plain<U>[] : T)
  : T extends object ? { [K in keyof T]?: Plain<T[K]> }
  : T;

type Step = { value: number | null; color: string };
type Target = {
  refId: string; datasource: DataSourceRef; editorMode: "code"; expr: string; legendFormat: string;
  instant: boolean; range: boolean; format?: "table";
};
type Kind<T extends string, Options, Custom> =
  Plain<Omit<Panel, "type" | "options" | "fieldConfig" | "targets" | "transformations">> & {
    type: T;
    options: Plain<Options>;
    targets: Target[];
    transformations?: { id: string; options: object }[];
    fieldConfig: {
      defaults: Plain<Omit<FieldConfig, "custom" | "thresholds">> & {
        custom?: Plain<Custom>; thresholds?: { mode: "absolute"; steps: Step[] };
      };
      overrides: [];
    };
  };
type Known = Kind<"timeseries", TimeSeries, TimeSeriesField> | Kind<"stat", Stat, never> | Kind<"table", Table, TableField>;
`;

const lines = [HEAD];
for (const [name, board] of boards()) {
  lines.push(`export const ${name}: Plain<Omit<Dashboard, "panels" | "templating">> & { panels: object[]; templating: object } = ${JSON.stringify(board, null, 1)};`);
  for (const panel of panelsOf(board)) {
    lines.push(`export const ${name}_${panel.id}: Known = ${JSON.stringify(panel, null, 1)};`);
  }
  lines.push(`export const ${name}_variables: Plain<NonNullable<Dashboard["templating"]>> = ${JSON.stringify(board.templating, null, 1)};`);
}
writeFileSync(join(HOME, "types.ts"), `${lines.join("\n")}\n`);

const options = "--noEmit --strict --skipLibCheck --target es2022 --module nodenext --moduleResolution nodenext".split(" ");
const tsc = spawnSync(process.execPath, [join(HOME, "node_modules/typescript/bin/tsc"), ...options, "types.ts"], {
  cwd: HOME,
  encoding: "utf8",
});
const said = `${tsc.stdout}${tsc.stderr}`.trim();
conclude("types", tsc.status === 0 ? [] : said.split("\n").slice(0, 40));
