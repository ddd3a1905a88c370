// The table of the groups. Each name is a button that picks the group, for people who don't point at bars.

import { useKeptFocus } from "#kit/focus.ts";
import type { GroupRow } from "#kit/protocol.ts";
import { useTrait } from "#kit/trait.ts";
import type { ExplorerAsk, ExplorerModel } from "./model.ts";

export function Groups({ model, ask }: { model: ExplorerModel; ask: ExplorerAsk }) {
  const { groups, columns, rows, more } = useTrait(model, "table");
  const body = useKeptFocus<HTMLTableSectionElement>();
  const kinds = columns.map(({ kind }) => kind);
  return (
    <div class="df-groups">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard */}
      <section class="df-scroll" tabIndex={0} aria-label="Table of the groups" hidden={!rows.length}>
        <table>
          <thead>
            <tr>
              {groups.map((label) => (
                <th key={label} scope="col" class="df-group">
                  {label}
                </th>
              ))}
              {columns.map(({ label, hint, kind }) => (
                <th key={label} scope="col" class={`df-${kind}`} title={hint}>
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody ref={body}>
            {rows.map((row) => (
              <Row key={row.key} row={row} kinds={kinds} pick={() => ask({ do: "pick", key: row.key })} />
            ))}
          </tbody>
        </table>
      </section>
      <p class="df-more" hidden={!more}>
        {more}
      </p>
    </div>
  );
}

/** A row: its names, the first of them the button, and its figures. */
function Row({ row: { names, cells, picked }, kinds, pick }: { row: GroupRow; kinds: string[]; pick: () => void }) {
  const [name, ...others] = names;
  const hint = `${names.join(", ")}: ${picked ? "selected; deselect" : "select"}`;
  // biome-ignore-start lint/suspicious/noArrayIndexKey: a cell is identified by its place
  return (
    <tr onClick={pick} data-picked={picked || undefined}>
      <th scope="row" class="df-group">
        <button type="button" class="df-pick" aria-pressed={picked} aria-label={hint} title={names.join(", ")}>
          <bdi>{name}</bdi>
        </button>
      </th>
      {others.map((text, place) => (
        <td key={place} class="df-group">
          {text}
        </td>
      ))}
      {cells.map((text, place) => (
        <td key={others.length + place} class={`df-${kinds[place]}`}>
          {text}
        </td>
      ))}
    </tr>
  );
  // biome-ignore-end lint/suspicious/noArrayIndexKey: see above
}
