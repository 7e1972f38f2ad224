/** The command line as a whole. */
import { Command } from "commander";
import { createRequire } from "node:module";
import { addCheck } from "./check.ts";
import { addConfig } from "./config.ts";
import { addDns } from "./dns.ts";
import { addExplain } from "./explain.ts";
import { addExport } from "./export.ts";
import { addImport } from "./import.ts";
import { addAnnounce } from "./announce.ts";
import { addBackup } from "./backup.ts";
import { addInspect } from "./inspect.ts";
import { addLog } from "./log.ts";
import { addLogCompact } from "./log-compact.ts";
import { addLogRebuild } from "./log-rebuild.ts";
import { addLogSalvage } from "./log-salvage.ts";
import { addLogStats } from "./log-stats.ts";
import { addLogVerify } from "./log-verify.ts";
import { addMotd } from "./motd.ts";
import { addRestore } from "./restore.ts";
import { addReplay } from "./replay.ts";
import { addRoster } from "./roster.ts";
import { addSessionEnd } from "./session-end.ts";
import { addSessions } from "./sessions.ts";
import { addStart } from "./start.ts";
import { addStatus } from "./status.ts";
import { style } from "./terminal.ts";
import { addUserAdd } from "./user-add.ts";
import { addUserDelete } from "./user-delete.ts";
import { addUserDevices } from "./user-devices.ts";
import { addUserDisable, addUserEnable } from "./user-disable.ts";
import { addUserImport } from "./user-import.ts";
import { addUserInvitations, addUserInvite } from "./user-invite.ts";
import { addUserList } from "./user-list.ts";
import { addUserPasswd } from "./user-passwd.ts";

export function createProgram(): Command {
  const program = new Command("refrain")
    .description(
      "An event-sourced XMPP server. Commands reach the running server, and where none runs open its data folder themselves.",
    )
    .version(version(), "-V, --version", "show the version")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show help for a command")
    // `refrain log stats --json`: what follows a command's name is that command's.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(withPlace(text).replace(/^error:/, style("31", "error:", process.stderr))) })
    .configureHelp({ styleTitle: (title) => style("1", title, process.stdout) })
    .showHelpAfterError("`refrain --help` shows the commands, `refrain COMMAND --help` one of them with examples")
    .addHelpText(
      "after",
      `
Examples:
  refrain start                                start a server on this machine for the domain localhost
  refrain user add romeo@localhost             create an account, while it runs or not
  refrain status                               see how the server is, what fails first
  refrain sessions                             see who is connected
  refrain inspect                              watch sessions in a browser
  refrain explain presence romeo@localhost juliet@localhost
  refrain log romeo@localhost --follow         see what happens to its sessions
  refrain start --domain example.org --host 0.0.0.0 --data /var/lib/refrain
  refrain backup refrain-2026-11-23.db         copy the database to a file, while it runs or not
  refrain config --write refrain.toml          begin a configuration file
  refrain dns --target xmpp.example.org        print the DNS records by which clients find it
  refrain check                                hold the state machines against their rules

\`refrain log\` also has stats, verify, salvage, rebuild and compact: \`refrain log --help\` shows them.

Exit status: 0 done, 1 failed, 2 called wrongly; of \`refrain status\` also 3, no server runs. NO_COLOR=1 turns colour off, REFRAIN_DEBUG=1 shows stack traces.`,
    );
  addStart(program);
  addStatus(program);
  const user = program
    .command("user")
    .description("add, invite, change, disable, delete, list and import accounts")
    .addHelpText(
      "after",
      `
Examples:
  refrain user add romeo@localhost
  refrain user list --json
  refrain user import accounts.tsv`,
    );
  addUserAdd(user);
  addUserPasswd(user);
  addUserDelete(user);
  addUserDevices(user);
  addUserDisable(user);
  addUserEnable(user);
  addUserInvite(user);
  addUserInvitations(user);
  addUserList(user);
  addUserImport(user);
  addRoster(program);
  addSessions(program);
  addSessionEnd(program);
  addAnnounce(program);
  addMotd(program);
  addInspect(program);
  addExplain(program);
  const log = addLog(program).enablePositionalOptions();
  addLogStats(log);
  addLogVerify(log);
  addLogRebuild(log);
  addLogSalvage(log);
  addLogCompact(log);
  addReplay(program);
  addBackup(program);
  addRestore(program);
  addExport(program);
  addImport(program);
  addConfig(program);
  addDns(program);
  addCheck(program);
  return program;
}

/** Every command has these, so only before its name are they unknown. */
function withPlace(text: string): string {
  return text.replace(/^(error: unknown option '--(data|config)(?:=[^']*)?')$/m, (_, said: string, name: string) =>
    `${said}: it stands after the command: refrain sessions --${name} ${name === "data" ? "DIR" : "FILE"}`);
}

/** By the package's own name, which leads to the same file from the sources and from what is built of them. */
function version(): string {
  const { version } = createRequire(import.meta.url)("refrain/package.json") as { version: string };
  return version;
}
