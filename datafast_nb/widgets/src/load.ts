// Loads a front end's script, which is the text of a model that all widgets of a kernel share: a page evaluates it once.

import type { Render, RenderProps } from "@anywidget/types";
import { evaluated } from "./evaluate.ts";

export default {
  render: async (view: RenderProps<{ script: string }>) => {
    const script = await evaluated<{ default: { render: Render } }>(view, view.model.get("script"));
    return script.default.render(view);
  },
};
