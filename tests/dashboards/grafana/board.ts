// A board of ours, as the types Grafana publishes allow it: nothing misspelt, nothing unknown.
import type * as g from "@grafana/schema";
import type * as stat from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type * as stateTimeline from "@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen";
import type * as table from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type * as text from "@grafana/schema/dist/esm/raw/composable/text/panelcfg/x/TextPanelCfg_types.gen";
import type * as timeSeries from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";

// JSON has no enums: where Grafana names one, its values stand.
type Told<T> = T extends string
  ? `${T}`
  : T extends number | boolean | null | undefined
    ? T
    : T extends readonly (infer One)[]
      ? Told<One>[]
      : T extends object
        ? { [Name in keyof T]: Told<T[Name]> }
        : T;

type Without<T, Names extends keyof T> = Pick<T, Exclude<keyof T, Names>>;

// Unlike Grafana's own type, which lets anything stand under `custom` and `options`.
interface Fields<Custom> {
  defaults: Without<g.FieldConfig, "custom"> & { custom: Partial<Custom> };
  overrides: { matcher: Matcher; properties: Property<Custom>[] }[];
}

interface Matcher {
  id: "byName" | "byFrameRefID";
  options: string;
}

type Plain = Required<
  Pick<
    g.FieldConfig,
    "color" | "decimals" | "mappings" | "max" | "min" | "thresholds" | "unit"
  >
> & { links: { title: string; url: string }[] };

type Property<Custom> =
  | { [Name in keyof Plain]: { id: Name; value: Plain[Name] } }[keyof Plain]
  | {
      [Name in keyof Custom & string]-?: {
        id: `custom.${Name}`;
        value: NonNullable<Custom[Name]>;
      };
    }[keyof Custom & string];

interface Target {
  alias?: string;
  datasource: g.DataSourceRef;
  query: string;
  rawQuery: true;
  refId: string;
  resultFormat: "time_series" | "table";
}

type PanelOf<Kind, Options, Custom> = Without<
  g.Panel,
  "type" | "options" | "fieldConfig" | "targets" | "transformations"
> & {
  type: Kind;
  options: Options;
  fieldConfig: Fields<Custom>;
  targets: Target[];
  transformations: {
    id: Transformation;
    options: Record<string, unknown>;
    filter?: g.MatcherConfig;
  }[];
};

type Transformation =
  | "organize"
  | "joinByField"
  | "filterByValue"
  | "formatTime"
  | "groupBy"
  | "calculateField";

type Panel =
  | PanelOf<"timeseries", timeSeries.Options, timeSeries.FieldConfig>
  | PanelOf<"table", table.Options, table.FieldConfig>
  | PanelOf<"stat", stat.Options, Record<string, never>>
  | PanelOf<"text", text.Options, Record<string, never>>
  // The panel can bridge nulls; the published type leaves that out.
  | PanelOf<
      "state-timeline",
      stateTimeline.Options,
      stateTimeline.FieldConfig & { spanNulls: boolean | number }
    >
  | g.RowPanel;

interface AnnotationTarget extends g.DataQuery {
  fromAnnotations: true;
  name: string;
  query: string;
  rawQuery: true;
  tagsColumn: string;
  textColumn: string;
  timeEndColumn: string;
  titleColumn: string;
}

export type Board = Told<
  Without<g.Dashboard, "panels" | "annotations"> & {
    annotations: { list: g.AnnotationQuery<AnnotationTarget>[] };
    panels: Panel[];
  }
>;
