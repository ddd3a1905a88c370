// Generated from datafast_nb/widgets/protocol.py by "npm run protocol". Change that, not this.
export type ExplorerMessage =
  ChangeFilter | ClearFilters | ShowOptions | Beat | Away | Fault | Pick | ChangeQuestion | Refresh;
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
  | HideNames
  | AskPlaces
  | Pause
  | Resume
  | Refresh
  | Seek
  | ChangeSpeed;
export type MapAnnouncement = Announcements | Description | Fit | AskViewport | Age | Places;

/**
 * Change one filter; None removes it.
 */
export interface ChangeFilter {
  do: "filter";
  name: string;
  value?: string | boolean | number | (string | boolean | null)[] | null;
  view: string;
}
/**
 * Remove all filters.
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
 * The view is visible; `first` if for the first time.
 */
export interface Beat {
  do: "beat";
  first?: boolean;
  view: string;
}
/**
 * The view is not visible anymore; `gone` if it was removed from the page.
 */
export interface Away {
  do: "away";
  gone?: boolean;
  view: string;
}
/**
 * An error in the browser, sent once.
 */
export interface Fault {
  do: "fault";
  what: string;
  error: string;
  stack?: string;
  view: string;
}
/**
 * Pick the group of a row, or release it.
 */
export interface Pick {
  do: "pick";
  key: string;
  view: string;
}
/**
 * Choose the first dimension, the second, which may be none (an empty text), or the measure.
 */
export interface ChangeQuestion {
  do: "question";
  control: "first" | "measure" | "second";
  value: string;
  view: string;
}
/**
 * Request new data now.
 */
export interface Refresh {
  do: "refresh";
  view: string;
}
/**
 * A mark was clicked; `datum` has the plain values of its row, and those that Vega adds.
 */
export interface Click {
  do: "click";
  datum: {
    [k: string]: string | number | boolean | null;
  };
  view: string;
}
/**
 * The view now shows this part of the world.
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
 * The heat map was switched on or off.
 */
export interface ShowHeat {
  do: "heat";
  on: boolean;
  view: string;
}
/**
 * The pointer is over a cluster whose tooltip the view does not have yet.
 */
export interface DescribeCluster {
  do: "describe";
  id: string;
  view: string;
}
/**
 * A cluster was clicked at this position.
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
  by: "newest" | "probability" | "score" | "time" | "value";
  view: string;
}
/**
 * Move the view to the visitors.
 */
export interface FitVisitors {
  do: "fit";
  view: string;
}
/**
 * Hide the names of people, or show them again.
 */
export interface HideNames {
  do: "privacy";
  on: boolean;
  view: string;
}
/**
 * The view needs the names of places, their shapes or flags, and the page does not have them yet.
 */
export interface AskPlaces {
  do: "places";
  part: "flags" | "globe" | "land" | "names" | "shapes";
  view: string;
}
/**
 * Stop polling, or pause the replay.
 */
export interface Pause {
  do: "pause";
  view: string;
}
/**
 * Resume polling, or play the replay.
 */
export interface Resume {
  do: "resume";
  view: string;
}
/**
 * Jump to a moment of a replay, in milliseconds since 1970; `turn` identifies this seek.
 */
export interface Seek {
  do: "seek";
  at: number;
  turn: string;
  view: string;
}
/**
 * Set the speed of the replay, in recorded seconds per second.
 */
export interface ChangeSpeed {
  do: "speed";
  value: number;
  view: string;
}
/**
 * The state of an explorer, except its controls and its chart; `empty` says why there is no chart.
 */
export interface ExplorerState {
  filters: FilterBar;
  heading: Heading;
  empty: string;
  table: GroupTable;
  code: string;
}
/**
 * The row of filters, and the panel that it opens; `options` is sent while the panel is open.
 */
export interface FilterBar {
  active: Chip[];
  matched: number;
  total: number;
  values: FilterValues;
  options: FilterOptions | null;
}
/**
 * An active filter, as the user reads it; only code can change a `locked` one.
 */
export interface Chip {
  name: string;
  label: string;
  text: string;
  locked: boolean;
}
/**
 * The current values of the filters in the panel.
 */
export interface FilterValues {
  site: string | boolean | number | (string | boolean | null)[] | null;
  country_code: string | boolean | number | (string | boolean | null)[] | null;
  device: string | boolean | number | (string | boolean | null)[] | null;
  channel: string | boolean | number | (string | boolean | null)[] | null;
  page: string | boolean | number | (string | boolean | null)[] | null;
  utm_campaign: string | boolean | number | (string | boolean | null)[] | null;
  utm_source: string | boolean | number | (string | boolean | null)[] | null;
  utm_medium: string | boolean | number | (string | boolean | null)[] | null;
  utm_content: string | boolean | number | (string | boolean | null)[] | null;
  utm_term: string | boolean | number | (string | boolean | null)[] | null;
  visit_kind: string | boolean | number | (string | boolean | null)[] | null;
  is_customer: string | boolean | number | (string | boolean | null)[] | null;
  min_score: number | null;
  min_confidence: number | null;
  text: string | null;
}
/**
 * The values that filters can take, most common first; `site` is empty if there is only one site.
 */
export interface FilterOptions {
  site: Option[];
  country_code: Option[];
  device: Option[];
  channel: Option[];
  page: Option[];
  utm_campaign: Option[];
  utm_source: Option[];
  utm_medium: Option[];
  utm_content: Option[];
  utm_term: Option[];
}
/**
 * A value that a filter can take, its label, and the number of visitors who have it.
 */
export interface Option {
  value: string;
  label: string;
  visitors: number;
}
/**
 * The title of the chart, as a sentence, and its notes.
 */
export interface Heading {
  sentence: string;
  notes: string;
}
/**
 * The table of groups: the names of the dimensions, the columns after them, the rows, and how many are left out.
 */
export interface GroupTable {
  groups: string[];
  columns: Column[];
  rows: GroupRow[];
  more: string;
}
/**
 * A column of the table: its title, an explanation, and its role.
 */
export interface Column {
  label: string;
  hint: string;
  kind: "measure" | "other" | "size";
}
/**
 * A group: its key, its name in each dimension, its figures as text, and whether it is picked.
 */
export interface GroupRow {
  key: string;
  names: string[];
  cells: string[];
  picked: boolean;
}
/**
 * The status of the source and the drawing, which is shown even if the rest could not be drawn.
 */
export interface ExplorerHeader {
  status: ExplorerStatus;
}
/**
 * What is wrong or in progress, and what is shown; `tone` is one of the live map's states, or empty.
 */
export interface ExplorerStatus {
  tone: string;
  text: string;
  shown: string;
}
/**
 * The controls of an explorer, which are shown even if the rest could not be drawn.
 */
export interface ExplorerControls {
  question: Question;
}
/**
 * What is asked: one dimension or two, and a measure; and those to choose from.
 */
export interface Question {
  by: string[];
  measure: string;
  dimensions: Dimension[];
  measures: Choice[];
}
/**
 * A dimension to break down by, its label, and the group under which it is offered.
 */
export interface Dimension {
  value: string;
  label: string;
  group: string;
}
/**
 * A choice for the user, and its label.
 */
export interface Choice {
  value: string | number;
  label: string;
}
/**
 * The fixed options of an explorer, and its theme; `refreshable` if it has a source that can be asked again.
 */
export interface ExplorerOptions {
  linked: boolean;
  refreshable: boolean;
  theme: "auto" | "dark" | "light";
}
/**
 * A chart: what is drawn, the options for vega-embed, and the parts of what is drawn that each theme has otherwise.
 *
 * It is drawn from Vega-Lite, or from Vega if it is as wide as its place. `theme` is None for a chart that keeps the
 * colors of its specification; `reports_clicks` says whether to report clicks.
 */
export interface ChartState {
  drawn: {
    [k: string]: unknown;
  };
  embed_options: {
    [k: string]: unknown;
  };
  variants: {
    [k: string]: {
      [k: string]: unknown;
    };
  };
  theme: ("auto" | "dark" | "light") | null;
  reports_clicks: boolean;
}
/**
 * The panels around a map; `clock` is the time of the data in milliseconds since 1970, or 0.
 */
export interface MapPanels {
  clock: number;
  status: StatusLine;
  figures: Figure[];
  traffic: Traffic;
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
 * The status of the polling: its state, a sentence for the user, and further notes.
 */
export interface StatusLine {
  state: string;
  text: string;
  notes: string[];
}
/**
 * A figure above the map, as text; `hint` is what its tooltip adds.
 */
export interface Figure {
  label: string;
  value: string;
  note: string;
  hint: string;
}
/**
 * The number of visitors in each of the last minutes, where known; `until` is when the last one began.
 */
export interface Traffic {
  until: number;
  visitors: (number | null)[];
}
/**
 * The choices of the controls, whether polling is paused, and whether the map has a model.
 */
export interface Controls {
  resting: boolean;
  modeled: boolean;
  privacy: Privacy;
  every: Choice[];
  colors: Choice[];
}
/**
 * Whether names are hidden, and whether the browser can't change that: code hides them, or a file has no others.
 */
export interface Privacy {
  hidden: boolean;
  locked: boolean;
}
/**
 * A replay: its span and current moment, in milliseconds since 1970; `sought` is the `turn` of the last seek.
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
 * The coverage of a recording: its longest gaps, in chronological order, its traffic, and its highlights.
 *
 * `traffic` is the mean number of visitors in equal parts of the recording, None where nothing was recorded.
 */
export interface Coverage {
  gaps: Gap[];
  traffic: (number | null)[];
  highlights: Highlight[];
}
/**
 * A span without recorded data, in milliseconds since 1970.
 */
export interface Gap {
  since: number;
  until: number;
}
/**
 * A moment that is worth a look, in milliseconds since 1970, and what happened then.
 */
export interface Highlight {
  label: string;
  at: number;
}
/**
 * The first visitors of the list, and the total number.
 */
export interface VisitorList {
  rows: VisitorRow[];
  total: number;
  sort: "newest" | "probability" | "score" | "time" | "value";
}
/**
 * A visitor in the sidebar or in the popup of a cluster.
 *
 * `probability` is that of the map's model, as text; empty without a model, and for customers. `country` is the code
 * of the flag beside `place`, the city, or else the country's name. `since` is the start of the session.
 */
export interface VisitorRow {
  site: string;
  id: string | null;
  name: string;
  kind: "customer" | "new" | "returning" | "unknown";
  color: string;
  score: number | null;
  confidence: number | null;
  probability: string;
  value: string;
  country: string;
  place: string;
  device: string;
  browser: string;
  channel: string;
  page: string;
  visit: number | null;
  since: number | null;
}
/**
 * The newest events, and the total number.
 */
export interface EventList {
  rows: EventRow[];
  total: number;
}
/**
 * An event in the list; `visitor` is the visitor's id if they are still on the site.
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
 * The newest payments, the total number, and the number hidden by the filters.
 */
export interface PaymentList {
  rows: PaymentRow[];
  total: number;
  hidden: number;
}
/**
 * A payment in the list; `visitor` is the payer's id if they are still on the site, and `note` their place.
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
 * All that is known about one visitor; `here` is false once they have left.
 */
export interface Card {
  visitor: VisitorRow;
  here: boolean;
  facts: Fact[];
  likelihood: Likelihood | null;
  events: CardEvent[];
}
/**
 * A fact about a visitor.
 */
export interface Fact {
  label: string;
  text: string;
}
/**
 * A prediction, its confidence and its meaning in words, and what moves it; `score` is from 0 to 100.
 */
export interface Likelihood {
  score: number;
  confidence: string;
  words: string[];
  reasons: string[];
  hints: Hints;
}
/**
 * Explanations of the terms of a prediction.
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
 * The visitor whose card is open, and their position if known.
 */
export interface Selected {
  site: string;
  id: string;
  place: Point | null;
}
/**
 * A position, in degrees.
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
 * The clusters that a view shows, in columns, the largest cluster first.
 *
 * `across` is the number of cells across the grid of the world. For each cluster: its cell on that grid, its mean
 * position, its radius in pixels, its color, and its numbers of visitors and customers.
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
 * The points of a view's heat map, in columns; sent while the heat map is shown.
 */
export interface Heat {
  latitude: number[];
  longitude: number[];
  weight: number[];
}
/**
 * The popup of the clicked cluster: its position, its summary, its first visitors, and how many more there are.
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
 * The tooltip of a cluster: its places, its numbers of visitors and customers, and predictions for prospects.
 *
 * `probability` is the mean of the map's model, as text; empty without a model. `why` says what moves the service's
 * predictions most.
 */
export interface ClusterSummary {
  title: string;
  visitors: number;
  customers: number;
  score: number | null;
  probability: string;
  value: string;
  why: string;
}
/**
 * What the colors mean, whether rings show the share of customers, and the number of visitors not on the map.
 */
export interface Legend {
  title: string;
  ramp: Ramp | null;
  swatches: Swatch[];
  ring: boolean;
  unplaced: number;
}
/**
 * The colors of a number, from low to high, with labels for both ends and a note.
 */
export interface Ramp {
  colors: string[];
  low: string;
  high: string;
  note: string;
}
/**
 * A color and its meaning.
 */
export interface Swatch {
  label: string;
  color: string;
}
/**
 * Settings that browser and code can change: colors, projection, the seconds between requests, the theme.
 */
export interface MapSettings {
  color_by:
    | "channel"
    | "country_code"
    | "device"
    | "expected_value"
    | "is_customer"
    | "probability"
    | "score"
    | "site"
    | "visit_kind";
  projection: "globe" | "mercator";
  every: number;
  theme: "auto" | "dark" | "light";
}
/**
 * The model ids of the Leaflet map and of its layers, whether the map shows the land, and whether a view is fitted.
 *
 * The land has names and details; tiles have their own. Without ipyleaflet, there are no ids: the front end has a map
 * of its own, with its `height` in pixels, and the colors of the heat map by their place from 0 to 1 as `gradient`.
 */
export interface MapParts {
  map: string;
  anchor: string;
  heat_layer: string;
  heatmap: string;
  land: boolean;
  framed: boolean;
  height: number;
  gradient: {
    [k: string]: string;
  };
}
/**
 * The large fields of a state, compressed. Each page holds the fields that have changed since the page before.
 *
 * A field's zlib dictionary is its own JSON on the pages before; `page_0` holds all fields, and needs none. Its change
 * begins them anew.
 */
export interface Pages {
  page_0: {
    [k: string]: DataView;
  };
  page_1: {
    [k: string]: DataView;
  };
  page_2: {
    [k: string]: DataView;
  };
  page_3: {
    [k: string]: DataView;
  };
  page_4: {
    [k: string]: DataView;
  };
  page_5: {
    [k: string]: DataView;
  };
  page_6: {
    [k: string]: DataView;
  };
  page_7: {
    [k: string]: DataView;
  };
}
/**
 * Another message to the views, as JSON that is compressed with zlib, in the message's only buffer.
 */
export interface Packed {
  do: "packed";
}
/**
 * What just happened: where visitors arrived, by view; the first payments, and how many `more` there are.
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
 * A payment that was just made; `note` names the payer's place, and `place` is their position, if known.
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
 * The tooltip of a cluster in a view, valid until the data, the filters or the view's clusters change.
 */
export interface Description {
  do: "description";
  view: string;
  id: string;
  summary: ClusterSummary;
}
/**
 * Show this part of the world, in one view or in all.
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
 * Ask a view which part of the world it shows.
 */
export interface AskViewport {
  do: "look";
  view: string;
}
/**
 * The age of the data.
 */
export interface Age {
  do: "age";
  milliseconds: number;
}
/**
 * Names, shapes or flags of places, as JSON that is compressed with gzip, in the message's only buffer.
 */
export interface Places {
  do: "places";
  part: "flags" | "globe" | "land" | "names" | "shapes";
}
/**
 * A map as a file: its moments in order, `first` the one that is shown first, and how it was shown.
 *
 * `box` is the part of the world; None for all of it. `currency` is that of expected values, and `currencies` holds
 * all that occur; `arriving` is the note of a sum of the service's predictions. `labels` names the filters of the
 * panel, in the order of their chips.
 */
export interface SavedMap {
  moments: SavedMoment[];
  first: number;
  settings: MapSettings;
  controls: Controls;
  coverage: Coverage;
  sort: "newest" | "probability" | "score" | "time" | "value";
  selected: string | null;
  box: Box | null;
  zone: string;
  currency: string;
  currencies: {
    [k: string]: Currency;
  };
  arriving: string;
  labels: {
    [k: string]: string;
  };
  gradient: {
    [k: string]: string;
  };
}
/**
 * One moment: who was there, the largest key first, and what they did and paid, newest first.
 *
 * `filters` holds the filters that it was saved with, which are locked, and all options; `scales` is by what the
 * colors can show; `sales` is what a model expects of all.
 */
export interface SavedMoment {
  clock: number;
  notes: string[];
  hint: string;
  sales: Figure | null;
  filters: FilterBar;
  scales: {
    [k: string]: Scale;
  };
  spots: Spot[];
  factors: Factor[];
  visitors: SavedVisitor[];
  events: EventRow[];
  payments: SavedPayment[];
}
/**
 * How places and visitors are colored: the legend, and 101 colors from low to high or one for each category.
 *
 * `middle` and `reach` are those of a scale of scores or probabilities, `top` that of one of expected values.
 */
export interface Scale {
  legend: Legend;
  colors: string[];
  categories: {
    [k: string]: string;
  };
  middle: number;
  reach: number;
  top: number;
}
/**
 * The name of a place, and a shorter one where it is named among others.
 */
export interface Spot {
  name: string;
  short: string;
}
/**
 * What a trait multiplies a prediction by, and its name.
 */
export interface Factor {
  label: string;
  factor: number;
}
/**
 * A visitor: their card without events and reasons, and what is summed, filtered and searched.
 *
 * `spot` and `factors` are indexes of the moment's; `traits` holds the values that filters and colors compare, where
 * known; `text` is what is searched, in lower case.
 */
export interface SavedVisitor {
  card: Card;
  spot: number;
  latitude: number | null;
  longitude: number | null;
  score: number | null;
  probability: number | null;
  worth: number | null;
  traits: {
    [k: string]: string;
  };
  text: string;
  factors: number[];
}
/**
 * A payment: its row, and what is summed; `counts` says whether the amount makes sense.
 */
export interface SavedPayment {
  row: PaymentRow;
  amount: number | null;
  currency: string | null;
  counts: boolean;
}
/**
 * A part of the world, in degrees.
 */
export interface Box {
  south: number;
  west: number;
  north: number;
  east: number;
}
/**
 * What stands before an amount in a currency, and its decimals.
 */
export interface Currency {
  symbol: string;
  decimals: number;
}
