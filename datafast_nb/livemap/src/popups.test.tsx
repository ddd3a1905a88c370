// @vitest-environment happy-dom

import L from "leaflet";
import { expect, test, vi } from "vitest";
import { faultList } from "#kit/faults.ts";
import { testModel } from "#kit/testing.ts";
import type { MapState } from "./model.ts";
import { ClusterPopup } from "./popups.tsx";
import { Clock } from "./time.ts";

const SUMMARY = { title: "Lima", visitors: 2, customers: 0, score: null, probability: "", value: "" };
const POPUP = { id: "9/4/2", latitude: -12, longitude: -77, summary: SUMMARY, rows: [], more: 0 };

test.each(["page", "shadow tree"])("in a %s, the focus on a popup goes to the map when that closes", async (where) => {
  const host = document.createElement("div");
  document.body.replaceChildren(host);
  const container = document.createElement("div");
  (where === "page" ? host : host.attachShadow({ mode: "open" })).append(container);
  const map = L.map(container, { center: [0, 0], zoom: 1, fadeAnimation: false, zoomAnimation: false });
  const leaving = new AbortController();
  const model = testModel({ popups: { a: POPUP }, clusters: {}, selected: null } as unknown as MapState);
  const [ask, faults, globe] = [vi.fn(() => true), faultList(() => {}), { on: false, follow: () => () => {} }];
  new ClusterPopup({
    map,
    model,
    view: "a",
    ask,
    clock: new Clock(),
    faults,
    globe: globe as never,
    signal: leaving.signal,
  });
  const button = container.querySelector<HTMLElement>(".df-balloon button");
  button?.focus();
  const tree = container.getRootNode() as Document | ShadowRoot;
  expect(tree.activeElement).toBe(button);
  model.change({ popups: {} });
  await expect.poll(() => tree.activeElement).toBe(container);
  leaving.abort();
  map.remove();
});
