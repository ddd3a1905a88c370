// @vitest-environment happy-dom
import { render } from "preact";
import { expect, test } from "vitest";
import type { Model } from "./model.ts";
import { testModel } from "./testing.ts";
import { useTrait } from "./trait.ts";

test("a component is drawn again when a field of its model changes, and is forgotten once it is gone", async () => {
  const model = testModel({ words: "before", others: 1 });
  let drawings = 0;
  function Words({ model }: { model: Model<{ words: string }> }) {
    drawings += 1;
    return <p>{useTrait(model, "words")}</p>;
  }
  render(<Words model={model} />, document.body);
  expect(document.body.innerHTML).toBe("<p>before</p>");
  model.change({ words: "after" });
  await expect.poll(() => document.body.innerHTML).toBe("<p>after</p>");
  const drawn = drawings;
  render(null, document.body);
  model.change({ words: "unseen" });
  await new Promise((resolve) => setTimeout(resolve));
  expect(drawings).toBe(drawn);
});
