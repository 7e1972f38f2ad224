import type { Command } from "commander";
import type { ConfigFlags } from "../config/load.ts";
import { hasNodeFlags, restartNode } from "./node-flags.ts";
import { load, withServerOptions } from "./options.ts";

export function addStart(program: Command): void {
  withServerOptions(program.command("start").description("start the server and stay in the foreground"))
    .addHelpText(
      "after",
      `
Without a configuration it serves localhost on loopback, keeps its data in ./data and makes a certificate for itself.
When it accepts clients it prints one line on standard output, the last one:

  ready c2s=127.0.0.1:5222 c2sTls=127.0.0.1:5223 http=127.0.0.1:5280

The lines before it are for people. On a terminal one has the address of the inspector, with a token: whoever knows it can watch every
session. Elsewhere, such as in a journal, it names the command that prints an address.

The log goes to standard error. SIGTERM and SIGINT stop it in order, which takes 6 seconds at most;
another one a second later or more ends it at once.
SIGHUP makes it read the certificates again, which it also does by itself within 20 seconds of a change; other settings need a restart.

Examples:
  refrain start
  refrain start --port 0 --tls-port 0 --http-port 0 --data /tmp/trial        free ports, as the ready line tells
  refrain start --config /etc/refrain/refrain.toml
  REFRAIN_LOG_LEVEL=debug refrain start --domain a.example --domain b.example`,
    )
    .action(async (flags: ConfigFlags) => {
      // Faults of the configuration are told before another Node starts.
      const loaded = load(flags);
      if (!hasNodeFlags()) {
        process.exitCode = await restartNode();
        return;
      }
      const { runServer } = await import("./run-server.ts");
      await runServer(loaded);
    });
}
