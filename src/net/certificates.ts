/** The certificate of each host: loaded at start, replaced when its files change, chosen by the name a client asks for. */
import type { Clock, Log, Timer } from "../ports.ts";
import { asciiDomain, openHost, refresh, replace, type CertificateHost } from "./certificate-host.ts";
import type { ServerCertificate } from "./certificate-pair.ts";

export interface CertificateOptions {
  /** At least one; the first answers for names that nobody has. */
  readonly hosts: readonly CertificateHost[];
  /** Where self-signed certificates are kept; undefined: in memory only. */
  readonly dataDir?: string;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Certificates {
  /** For the first of `names` (of SNI, of a stream header) that is a host, else of the first host. Wildcards are not known. */
  certificateFor(...names: readonly (string | undefined)[]): ServerCertificate;
  /** Reads all files again. Answers what is wrong with those that were refused; the former certificate of these hosts stays. */
  reload(): Promise<readonly string[]>;
  close(): void;
}

/** Files are looked at this often; a change is taken when it has rested once, so that nothing half copied is read. */
const pollMs = 10_000;

/** Throws an Error that names the host, the file and the fix. */
export async function openCertificates(options: CertificateOptions): Promise<Certificates> {
  const { clock, log } = options;
  const served = await Promise.all(options.hosts.map(async (host) => openHost(host, options)));
  const [first] = served;
  if (first === undefined) throw new Error("hosts: is empty; name at least one host to serve");
  const byName = new Map(served.map((host) => [host.domain, host]));

  let timer: Timer | undefined;
  let closed = false;
  let turn: Promise<unknown> = Promise.resolve();
  /** One after the other: a poll and a reload may be asked for at once. */
  function inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = turn.then(task);
    turn = result.catch(() => undefined);
    return result;
  }

  async function poll(): Promise<void> {
    await inTurn(async () => {
      for (const host of served) await refresh(host, clock.now(), log);
    });
    arm();
  }
  function arm(): void {
    if (!closed) timer = clock.at(clock.now() + pollMs, () => void poll());
  }

  arm();
  return {
    certificateFor(...names) {
      for (const name of names) {
        const host = name === undefined ? undefined : byName.get(asciiDomain(name));
        if (host !== undefined) return host.current;
      }
      return first.current;
    },
    reload: () =>
      inTurn(async () => {
        const problems: string[] = [];
        for (const host of served) problems.push(...(await replace(host, clock.now(), log)));
        return problems;
      }),
    close() {
      closed = true;
      timer?.cancel();
    },
  };
}
