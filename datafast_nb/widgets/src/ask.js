// What a view wants, told to the kernel.

/** Give what sends a wish of the view that has an id, and says whether it could; once the view is gone, that it has gone alone. */
export function asker(model, kernel, signal, view) {
  return (wish) => {
    if (!kernel.live() || (signal.aborted && wish.do !== "away")) return false;
    try {
      model.send({ view, ...wish });
      return true;
    } catch (error) {
      // The kernel has just gone, which is about to be said.
      console.debug("datafast_nb: the kernel could not be told.", wish.do, error);
      return false;
    }
  };
}
