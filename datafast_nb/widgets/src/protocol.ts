// Generated from datafast_nb/widgets/protocol.py by "npm run protocol". Change that, not this.
export type ExplorerMessage = ChangeFilter | ClearFilters | ShowOptions | Beat | Away | Fault | Pick;
export type ChartMessage = Click | Fault;
export type MapMessage =
  | ChangeFilter
  | ClearFilters
  | ShowOptions
  | Beat
  | Away
  | Fault
  | ShowViewport
  | ShowHeat
  | DescribeCluster
  | OpenCluster
  | CloseCluster
  | SelectVisitor
  | DeselectVisitor
  | SortVisitors
  | FitVisitors
  | Pause
  | Resume
  | Refresh
  | Seek
  | ChangeSpeed;
export type MapAnnouncement = Announcements | Description | Fit | AskViewport | Age;

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
 * The view shows this part of the world.
 */
export interface ShowViewport {
  do: "viewport";
  zoom: number;
  south: number;
  west: number;
  north: number;
  east: number;
  view: string;
}
/**
 * The heat was switched on or off.
 */
export interface ShowHeat {
  do: "heat";
  on: boolean;
  view: string;
}
/**
 * The pointer came to a cluster of which the view does not know what its tooltip says.
 */
export interface DescribeCluster {
  do: "describe";
  id: string;
  view: string;
}
/**
 * A cluster was clicked, there.
 */
export interface OpenCluster {
  do: "open";
  id: string;
  latitude: number;
  longitude: number;
  view: string;
}
/**
 * The popup was closed.
 */
export interface CloseCluster {
  do: "close";
  view: string;
}
/**
 * Open a visitor's card.
 */
export interface SelectVisitor {
  do: "select";
  id: string;
  site?: string;
  view: string;
}
/**
 * Close the card.
 */
export interface DeselectVisitor {
  do: "deselect";
  view: string;
}
/**
 * Sort the list of visitors.
 */
export interface SortVisitors {
  do: "sort";
  by: "newest" | "score" | "time" | "value";
  view: string;
}
/**
 * Move the view to where the visitors are.
 */
export interface FitVisitors {
  do: "fit";
  view: string;
}
/**
 * Ask for no new data, or pause the replay.
 */
export interface Pause {
  do: "pause";
  view: string;
}
/**
 * Ask for new data again, or play the replay.
 */
export interface Resume {
  do: "resume";
  view: string;
}
/**
 * Ask for new data now.
 */
export interface Refresh {
  do: "refresh";
  view: string;
}
/**
 * Go to a moment of a replay, in milliseconds since 1970; `turn` tells this time from others.
 */
export interface Seek {
  do: "seek";
  at: number;
  turn: string;
  view: string;
}
/**
 * Play the replay at so many seconds of the past in one.
 */
export interface ChangeSpeed {
  do: "speed";
  value: number;
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
/**
 * What is round a map; `clock` is the time of the data in milliseconds since 1970, or 0.
 */
export interface MapPanels {
  clock: number;
  status: StatusLine;
  figures: Figure[];
  controls: Controls;
  replay: Replay | null;
  coverage: Coverage;
  filters: FilterBar;
  visitors: VisitorList;
  events: EventList;
  payments: PaymentList;
  card: Card | null;
  selected: Selected | null;
  zone: string;
}
/**
 * How the polling stands: its state, a sentence, and what else a reader should know.
 */
export interface StatusLine {
  state: string;
  text: string;
  notes: string[];
}
/**
 * One of the figures above the map, as text.
 */
export interface Figure {
  label: string;
  value: string;
  note: string;
}
/**
 * What the controls offer, and whether nothing is asked for at present.
 */
export interface Controls {
  resting: boolean;
  intervals: Choice[];
  colors: Choice[];
}
/**
 * What a person can choose, and its words.
 */
export interface Choice {
  value: string | number;
  label: string;
}
/**
 * A replay: its span and the moment that is shown, in milliseconds since 1970; `sought` is the last seek's turn.
 */
export interface Replay {
  start: number;
  end: number;
  now: number;
  sought: string | null;
  playing: boolean;
  speed: number;
  speeds: Choice[];
}
/**
 * Of when something was recorded: the longest gaps, in the order of time.
 */
export interface Coverage {
  gaps: Gap[];
}
/**
 * A span of which nothing is known, in milliseconds since 1970.
 */
export interface Gap {
  since: number;
  until: number;
}
/**
 * The first visitors of the list, and how many there are.
 */
export interface VisitorList {
  rows: VisitorRow[];
  total: number;
  sort: "newest" | "score" | "time" | "value";
}
/**
 * A visitor in the sidebar or in the popup of a cluster; `since` is when the session began.
 */
export interface VisitorRow {
  site: string;
  id: string | null;
  name: string;
  customer: boolean;
  color: string;
  score: number | null;
  confidence: number | null;
  value: string;
  place: string;
  device: string;
  channel: string;
  page: string;
  visit: number | null;
  since: number | null;
}
/**
 * The newest events, and how many there are.
 */
export interface EventList {
  rows: EventRow[];
  total: number;
}
/**
 * An event in the list; `visitor` is who is still here.
 */
export interface EventRow {
  key: string;
  kind: "goal" | "pageview" | "payment";
  label: string;
  at: number | null;
  amount: string;
  site: string;
  visitor: string | null;
  who: string;
  place: string;
}
/**
 * The newest payments, how many there are, and how many the filters leave out.
 */
export interface PaymentList {
  rows: PaymentRow[];
  total: number;
  hidden: number;
}
/**
 * A payment in the list; `visitor` is the payer who is still here, `note` where.
 */
export interface PaymentRow {
  key: string;
  site: string;
  visitor: string | null;
  who: string;
  amount: string;
  kind: "new" | "other" | "refund" | "renewal";
  at: number | null;
  note: string;
}
/**
 * All that is known of one visitor; `here` unless they have left.
 */
export interface Card {
  site: string;
  id: string | null;
  name: string;
  customer: boolean;
  color: string;
  here: boolean;
  facts: Fact[];
  since: number | null;
  likelihood: Likelihood | null;
  events: CardEvent[];
}
/**
 * Something that is known of a visitor.
 */
export interface Fact {
  label: string;
  text: string;
}
/**
 * What a prediction means, in words; `score` is from 0 to 100, `confidence` from 0 to 1.
 */
export interface Likelihood {
  score: number;
  confidence: number | null;
  words: string[];
  matches: string[];
  hints: Hints;
}
/**
 * What the terms of a prediction mean.
 */
export interface Hints {
  score: string;
  confidence: string;
}
/**
 * An event of the visitor whose card is open.
 */
export interface CardEvent {
  key: string;
  kind: "goal" | "pageview" | "payment";
  label: string;
  at: number | null;
  amount: string;
}
/**
 * The visitor whose card is open, and where, if that is known.
 */
export interface Selected {
  site: string;
  id: string;
  place: Point | null;
}
/**
 * A place, in degrees.
 */
export interface Point {
  latitude: number;
  longitude: number;
}
/**
 * What is drawn on a map.
 */
export interface MapLayers {
  clusters: {
    [k: string]: Clusters;
  };
  heat: {
    [k: string]: Heat;
  };
  popups: {
    [k: string]: Popup;
  };
  legend: Legend;
}
/**
 * The clusters that a view shows, a column for each thing that is known of them; the largest come first.
 *
 * `across` is how many cells the world's grid has from side to side. Of each cluster: its cell on that grid, its mean
 * place, its radius in pixels, and how many visitors and customers it has.
 */
export interface Clusters {
  across: number;
  id: string[];
  latitude: number[];
  longitude: number[];
  radius: number[];
  color: string[];
  visitors: number[];
  customers: number[];
}
/**
 * The points of a view's heat map, a column for each thing; they are sent while it is shown.
 */
export interface Heat {
  latitude: number[];
  longitude: number[];
  weight: number[];
}
/**
 * The popup of the cluster that was clicked: where it is, what its tooltip says, and who is in it.
 */
export interface Popup {
  id: string;
  latitude: number;
  longitude: number;
  summary: ClusterSummary;
  rows: VisitorRow[];
  more: number;
}
/**
 * What a tooltip says of a cluster: its places, how many are there, and what is predicted of prospects.
 */
export interface ClusterSummary {
  title: string;
  visitors: number;
  customers: number;
  score: number | null;
  value: string;
}
/**
 * What the colors mean, whether rings show the share of customers, and how many visitors are not on the map.
 */
export interface Legend {
  title: string;
  ramp: Ramp | null;
  swatches: Swatch[];
  ring: boolean;
  unplaced: number;
}
/**
 * Colors of a number, from low to high, with the ends in words and a note.
 */
export interface Ramp {
  colors: string[];
  low: string;
  high: string;
  note: string;
}
/**
 * A color of its own, and what it stands for.
 */
export interface Swatch {
  label: string;
  color: string;
}
/**
 * What a browser sets, as code does: what the colors tell, the seconds between two requests, and the theme.
 */
export interface MapSettings {
  color_by: "channel" | "device" | "expected_value" | "is_customer" | "score" | "site" | "visit_kind";
  every: number;
  theme: "auto" | "dark" | "light";
}
/**
 * The models of the Leaflet map and of its layers, and whether a view has framed the world.
 */
export interface MapParts {
  map: string;
  anchor: string;
  heat_layer: string;
  heatmap: string;
  framed: boolean;
}
/**
 * What has just happened: where visitors arrived, by view; the first payments, and how many `more`.
 */
export interface Announcements {
  do: "news";
  arrived: {
    [k: string]: Point[];
  };
  payments: NewPayment[];
  more: number;
}
/**
 * A payment that has just been made; `note` is where the payer is, and `place` too, if they are on the map.
 */
export interface NewPayment {
  amount: string;
  kind: "new" | "other" | "refund" | "renewal";
  who: string;
  note: string;
  site: string;
  place: Point | null;
}
/**
 * What a view's tooltip of a cluster says, until its clusters change.
 */
export interface Description {
  do: "description";
  view: string;
  id: string;
  summary: ClusterSummary;
}
/**
 * Show this part of the world; in one view, or in all.
 */
export interface Fit {
  do: "fit";
  south: number;
  west: number;
  north: number;
  east: number;
  view: string | null;
}
/**
 * Tell which part of the world a view shows.
 */
export interface AskViewport {
  do: "look";
  view: string;
}
/**
 * The data came so long ago.
 */
export interface Age {
  do: "age";
  milliseconds: number;
}
