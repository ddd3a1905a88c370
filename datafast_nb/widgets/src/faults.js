// What goes wrong in the browser: logged once with its traceback, and said in the header until it goes well again.

const MOST_LOGGED = 50;

/** Make the faults of one view. Gives {guard(what, run), report(what, error), notes(), follow(changed)}. */
export function faultList() {
  const present = new Map(); // what goes wrong, and how
  const logged = new Set();
  const followers = [];
  const set = (what, text) => {
    if (present.get(what) === text) return;
    if (text === undefined) present.delete(what);
    else present.set(what, text);
    for (const changed of followers) changed();
  };
  const report = (what, error) => {
    const text = `${what} (${error?.message ?? error})`;
    if (!logged.has(text) && logged.size < MOST_LOGGED) console.error(`datafast_nb: ${what}.`, error);
    logged.add(text);
    set(what, text);
  };
  return {
    report,
    guard: (what, run) => {
      try {
        run();
        set(what, undefined);
      } catch (error) {
        report(what, error);
      }
    },
    notes: () => [...present.values()].map((text) => `${text}: the browser's console tells more`),
    follow: (changed) => followers.push(changed),
  };
}
