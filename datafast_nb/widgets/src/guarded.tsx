// A part of a widget that may fail without affecting the others. It is drawn again when there is something new.

import { Component, type ComponentChildren } from "preact";
import type { Faults } from "./faults.ts";
import type { Model } from "./model.ts";

interface Properties {
  /** The sentence that says what failed. */
  what: string;
  faults: Faults;
  model: Pick<Model<object>, "on" | "off">;
  children: ComponentChildren;
}

/** Draws the children; if they fail, notes it, and draws them again after the model's next change. */
export class Guarded extends Component<Properties, { failed: boolean }> {
  override state = { failed: false };
  #failing = false; // set while Preact is still drawing the part that failed

  readonly #tryAgain = () => {
    this.props.model.off("change", this.#tryAgain);
    this.#failing = false;
    this.setState({ failed: false });
  };

  override componentDidCatch(error: unknown): void {
    this.props.faults.report(this.props.what, error);
    this.props.model.off("change", this.#tryAgain);
    this.props.model.on("change", this.#tryAgain);
    this.#failing = true;
    this.setState({ failed: true });
  }

  override componentDidUpdate(): void {
    if (!this.#failing) this.props.faults.clear(this.props.what);
  }

  override componentWillUnmount(): void {
    this.props.model.off("change", this.#tryAgain);
  }

  override render(): ComponentChildren {
    return this.state.failed ? null : this.props.children;
  }
}
