// The world goes round: of the copies of a place, 360 degrees apart, which one is meant.

const SLACK = 45; // degrees beyond half the world round, where the kernel, which counts whole cells, may mean what it says

/** Give a longitude on the copy of the world that is nearest to another. */
export function nearestCopy(longitude, other) {
  return longitude + 360 * Math.round((other - longitude) / 360);
}

/** Give where a place is for a map with its middle at a longitude. */
export function copyInView(longitude, middle) {
  return Math.abs(longitude - middle) <= 180 + SLACK ? longitude : nearestCopy(longitude, middle);
}

/** Let a map go the short way round the world, and end on its first copy: the land reaches half the world beyond it. */
export function goTheShortWay(map, signal) {
  const pan = map.panTo;
  map.panTo = ([lat, lng], options) => pan.call(map, [lat, nearestCopy(lng, map.getCenter().lng)], options);
  const settle = () => {
    const { lat, lng } = map.getCenter();
    if (Math.abs(lng) > 180) map.setView([lat, nearestCopy(lng, 0)], map.getZoom(), { animate: false });
  };
  map.on("moveend", settle);
  signal.addEventListener("abort", () => map.off("moveend", settle));
}
