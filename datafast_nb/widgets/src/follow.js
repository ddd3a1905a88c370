// Draws a part now, and once after each message of the kernel that changes what the part shows.

/** Call `draw` now, and after every message that changes one of the traits named; several at once count as one. */
export function follow(model, names, draw) {
  let waiting = false;
  const later = () => {
    if (waiting) return;
    waiting = true;
    queueMicrotask(() => {
      waiting = false;
      draw();
    });
  };
  for (const name of names) model.on(`change:${name}`, later);
  draw();
}
