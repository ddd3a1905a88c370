// Generated from datafast_nb/widgets/protocol.py by "npm run protocol". Change that, not this.
export type ExplorerMessage = ChangeFilter | ClearFilters | ShowOptions | Beat | Away | Fault | Pick;
export type ChartMessage = Click | Fault;

/**
 * Change one filter; None takes it away.
 */
export interface ChangeFilter {
  do: "filter";
  name: string;
  value?: string | boolean | number | (string | boolean | null)[] | null;
  view: string;
}
/**
 * Take all filters away.
 */
export interface ClearFilters {
  do: "clear";
  view: string;
}
/**
 * The panel of filters was opened or closed.
 */
export interface ShowOptions {
  do: "facets";
  open: boolean;
  view: string;
}
/**
 * Somebody can see the view; `first` for the first time.
 */
export interface Beat {
  do: "beat";
  first?: boolean;
  view: string;
}
/**
 * Nobody can see the view; `gone` if it has been taken off the page.
 */
export interface Away {
  do: "away";
  gone?: boolean;
  view: string;
}
/**
 * Something went wrong in the browser; it is sent once.
 */
export interface Fault {
  do: "fault";
  what: string;
  error: string;
  stack?: string;
  view: string;
}
/**
 * Pick the group of a row out, or let it go.
 */
export interface Pick {
  do: "pick";
  key: string;
  view: string;
}
/**
 * A mark was clicked on; the fields of its row that are plain values, and those that Vega adds.
 */
export interface Click {
  do: "click";
  datum: {
    [k: string]: string | number | boolean | null;
  };
  view: string;
}
/**
 * What an explorer shows beside its controls and its chart; `empty` says why there is no chart.
 */
export interface ExplorerState {
  filters: FilterBar;
  heading: Heading;
  empty: string;
  table: GroupTable;
  code: string;
}
/**
 * The row of filters, and the panel that it opens; `options` are sent while the panel is open.
 */
export interface FilterBar {
  active: Chip[];
  matched: number;
  total: number;
  values: FilterValues;
  options: FilterOptions | null;
}
/**
 * A filter that is active, for a reader.
 */
export interface Chip {
  name: string;
  label: string;
  text: string;
}
/**
 * What the filters of the panel stand at.
 */
export interface FilterValues {
  site: string | boolean | number | (string | boolean | null)[] | null;
  country_code: string | boolean | number | (string | boolean | null)[] | null;
  device: string | boolean | number | (string | boolean | null)[] | null;
  channel: string | boolean | number | (string | boolean | null)[] | null;
  page: string | boolean | number | (string | boolean | null)[] | null;
  visit_kind: string | boolean | number | (string | boolean | null)[] | null;
  is_customer: string | boolean | number | (string | boolean | null)[] | null;
  min_score: number | null;
  min_confidence: number | null;
  text: string | null;
}
/**
 * The values that filters can take, the commonest first; `site` is empty where there is but one.
 */
export interface FilterOptions {
  site: Option[];
  country_code: Option[];
  device: Option[];
  channel: Option[];
  page: Option[];
}
/**
 * A value that a filter can take, its words, and how many visitors have it.
 */
export interface Option {
  value: string;
  label: string;
  visitors: number;
}
/**
 * What the chart is about, in a sentence and a few more.
 */
export interface Heading {
  sentence: string;
  notes: string;
}
/**
 * The table of groups: the dimensions' names, the columns after them, and how many groups have no row.
 */
export interface GroupTable {
  groups: string[];
  columns: Column[];
  rows: GroupRow[];
  more: string;
}
/**
 * A column of figures: its title, an explanation, and what part it plays.
 */
export interface Column {
  label: string;
  hint: string;
  kind: "measure" | "other" | "size";
}
/**
 * A group: its key, its name in each dimension, its figures as texts, and whether it is picked out.
 */
export interface GroupRow {
  key: string;
  names: string[];
  cells: string[];
  picked: boolean;
}
/**
 * What is said of the source and the drawing, which hold also where the rest could not be drawn.
 */
export interface ExplorerHeader {
  status: ExplorerStatus;
}
/**
 * What is wrong or going on, and what is shown of when; `tone` is one of the live map's states, or empty.
 */
export interface ExplorerStatus {
  tone: string;
  text: string;
  shown: string;
}
/**
 * What is fixed for an explorer, and its theme.
 */
export interface ExplorerOptions {
  linked: boolean;
  theme: "auto" | "dark" | "light";
}
/**
 * A chart: its specification in Vega-Lite's JSON, the options for vega-embed, and the configuration of each theme.
 *
 * `theme` is None for a chart that is drawn in the colors of its specification; `tells_clicks` says whether somebody
 * wants to know what is clicked on.
 */
export interface ChartState {
  spec: {
    [k: string]: unknown;
  };
  embed_options: {
    [k: string]: unknown;
  };
  configs: {
    [k: string]: {
      [k: string]: unknown;
    };
  };
  theme: ("auto" | "dark" | "light") | null;
  tells_clicks: boolean;
}
