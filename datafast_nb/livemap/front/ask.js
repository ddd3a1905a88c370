// What a view wants, told to the kernel.

/** Give what sends a wish of the view that has an id; once the view is gone, that it has gone alone. */
export function asker(model, signal, view) {
  return (wish) => {
    try {
      if (!signal.aborted || wish.do === "away") model.send({ view, ...wish });
    } catch {
      // The kernel is gone; what is on the screen stays there.
    }
  };
}
