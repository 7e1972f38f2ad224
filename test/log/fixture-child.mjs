/** A process that uses the built store. Arguments: what to do, the database, the driver, the projections. */
const [, , task, file, driver, projections] = process.argv;
const { openSqliteStore } = await import(new URL("../../dist/src/log/sqlite/sqlite-store.js", import.meta.url).href);

const options = { file, driver, durability: "full", onFatal: (error) => process.stdout.write(`fatal ${error.message}\n`) };
const store = await openSqliteStore({ ...options, projections: new URL(projections) }).catch((error) => {
  process.stdout.write(`${error.name}: ${error.message}\n`);
  process.exit(3);
});

const fact = (index) => ({ type: "Counted", v: 1, at: 1, step: "s", cause: null, data: { index } });

if (task === "append-forever") {
  await Promise.all(
    Array.from({ length: 8 }, async (_, writer) => {
      for (let index = 1; ; index += 1) {
        await store.append(`session/h/${process.pid}-${writer}`, index - 1, [fact(index)]);
        process.stdout.write(`${process.pid}-${writer} ${index}\n`);
      }
    }),
  );
} else if (task === "hold") {
  process.stdout.write("held\n");
  setInterval(() => {}, 1_000);
} else if (task === "append-and-end") {
  // Neither closed nor waited for.
  void store.append("session/h/end", 0, [fact(1)]).then(() => process.stdout.write("appended\n"));
}
