/**
 * Read models for the tests, as a module that the store's thread can load by itself; `?version=2` in its address makes another
 * version of it, which shouts. `Noted` sets a word, `Forgotten` deletes it, `Cleared` deletes all words with a prefix,
 * `Copied` sets a word to the rows of a range, `Impossible` writes and then throws, `Deadly` ends the thread.
 */
const version = Number(new URL(import.meta.url).searchParams.get("version") ?? 1);

export const projections = [
  {
    name: "words",
    version,
    apply(fact, table) {
      if (fact.type === "Noted") table.set(fact.data.key, version === 1 ? fact.data.value : `${fact.data.value}!`);
      if (fact.type === "Forgotten") table.delete(fact.data.key);
      if (fact.type === "Cleared") table.clear(fact.data.prefix);
      if (fact.type === "Copied") table.set(fact.data.to, table.rows(fact.data.range));
      if (fact.type === "Deadly") process.exit(1);
      if (fact.type === "Impossible" || (fact.type === "Doubtful" && version > 1)) {
        table.set("impossible", true);
        table.delete("kept");
        throw new Error("no such thing");
      }
    },
  },
  {
    name: "counts",
    version: 1,
    apply(fact, table) {
      table.set(fact.stream, (table.get(fact.stream) ?? 0) + 1);
    },
  },
];
