// Whether Vega has drawn the rows of a chart.

interface Part {
  data?: { values?: { length: number } };
  datasets?: Record<string, { length: number }>;
}

/** A part of Vega's scene. */
export interface Scene {
  role?: string;
  items?: Scene[];
}

/** Return whether a specification, or a part of one, holds rows. */
export function hasRows(part: unknown): boolean {
  if (typeof part !== "object" || part === null) return false;
  const { data, datasets }: Part = part;
  if (data?.values?.length || Object.values(datasets ?? {}).some((rows) => rows.length)) return true;
  return Object.entries(part).some(([name, inner]) => name !== "data" && name !== "datasets" && hasRows(inner));
}

/** Return whether a scene, or a part of one, holds a mark that stands for data. */
export function hasMarks(scene: Scene): boolean {
  if (scene.role === "mark" && scene.items?.length) return true;
  return (scene.items ?? []).some(hasMarks);
}
