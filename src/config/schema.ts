/**
 * Every choice of the operator: default, unit, bounds and meaning. The reference page, the names of the environment
 * variables and the messages about wrong values are all made from this schema (`fields.ts`).
 */
import { z } from "zod";
import { parseJid, prepareDomain } from "../domain/jid.ts";
import { networkOf } from "../domain/networks.ts";
import { componentsMax, contactAddressesMax, externalServicesMax, pushServicesListedMax, trustedProxiesMax } from "../domain/limits.ts";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const century = 36_525 * 24 * hour;

export const configSchema = z.strictObject({
  dataDir: z.string().min(1).default("./data").meta({
    expected: "a folder",
    description: "Folder with the database and the admin socket. A path in a file is relative to that file.",
  }),
  hosts: z
    .array(
      z.strictObject({
        domain: z.string().transform(toDomain).meta({
          expected: "a domain name such as example.org",
          description: "A domain whose accounts live here (RFC 7622 section 3.2).",
        }),
        certificate: z.string().min(1).exactOptional().meta({
          expected: "a file in PEM form",
          placeholder: "FILE",
          description:
            "Certificate chain in PEM form, the host's own first. Needs `key`. Without both, one is made and signed by itself.",
        }),
        key: z.string().min(1).exactOptional().meta({
          expected: "a file in PEM form",
          placeholder: "FILE",
          description: "Private key of `certificate` in PEM form.",
        }),
      }),
    )
    .min(1)
    .prefault([{ domain: "localhost" }])
    .meta({
      expected: "at least one table [[hosts]] with a domain",
      description: "The domains served. The first one speaks to streams that name no host or an unknown one (RFC 6120 section 4.9.1.3).",
    }),
  listen: z
    .strictObject({
      address: z.string().min(1).default("127.0.0.1").meta({
        expected: "an IP address or host name of this machine",
        description: "Where clients connect. 0.0.0.0 or :: means every address of this machine.",
      }),
      c2s: z.strictObject({ port: port(5222, "Clients that begin in the clear and ask for TLS (RFC 6120 section 5).") }).prefault({}),
      c2sTls: z.strictObject({ port: port(5223, "Clients that begin with TLS (XEP-0368).") }).prefault({}),
      http: z
        .strictObject({
          enabled: z.boolean().default(true).meta({ description: "Whether there is an HTTP listener at all: without it no inspector, no files of users, no numbers." }),
          address: z.string().min(1).default("127.0.0.1").meta({
            expected: "an IP address or host name of this machine",
            description: "Where the HTTP listener is reached, whatever `listen.address` is.",
          }),
          port: port(5280, "The HTTP listener: clients at /xmpp-websocket and /http-bind, the inspector at /inspect, files of users at /upload, numbers at /metrics, /health and /ready."),
          tls: z.boolean().default(false).meta({ description: "HTTPS, with the certificates of the hosts, in place of HTTP." }),
          publicUrl: z.string().regex(/^https:\/\/[^\s?#]*[^\s?#/]$/).exactOptional().meta({
            expected: "an https address without a slash at its end, such as https://xmpp.example.org",
            placeholder: "https://xmpp.example.org",
            description:
              "Where the HTTP listener is reached from outside, if a proxy stands before it: what clients are told of WebSocket and BOSH (XEP-0156), of files and of invitations begins with it.",
          }),
          trustedProxies: z
            .array(
              z.string().transform(toNetwork).meta({
                expected: "an IP address, or a network such as 10.0.0.0/24",
                description: "Where a proxy asks from.",
              }),
            )
            .max(trustedProxiesMax)
            .prefault([])
            .meta({
              expected: `a list of at most ${trustedProxiesMax} IP addresses and networks such as 10.0.0.0/24`,
              description: "Proxies that are believed when they say for whom they ask, and whether by https; nobody else is. No client may have such an address, or it could say so, too. What comes from there and names nobody is nobody's: it does not count as asked from this machine.",
            }),
          proxyHeader: z.enum(["x-forwarded-for", "forwarded"]).default("x-forwarded-for").meta({
            description:
              "How they say it: `x-forwarded-for`, with X-Forwarded-Proto, or `forwarded` (RFC 7239). The other one is passed over: a proxy that does not write it passes on what clients write.",
          }),
          origins: z
            .array(z.string().regex(/^(\*|null|https?:\/\/[^/\s]+)$/).meta({ expected: "an origin, such as https://chat.example.org, or *", description: "Where such pages come from." }))
            .max(1_000)
            .default([])
            .meta({
              expected: "a list of at most 1000 origins",
              description: "Web pages from elsewhere that may connect by WebSocket or BOSH (RFC 6455 section 10.2), besides those of the hosts and of the HTTP listener itself; * is every page.",
            }),
        })
        .prefault({}),
      components: z
        .strictObject({
          address: z.string().min(1).default("127.0.0.1").meta({
            expected: "an IP address or host name of this machine",
            description: "Where components connect, whatever `listen.address` is. They have no TLS: what they say goes over the network in the clear.",
          }),
          port: port(5347, "External components (XEP-0114). It is open only where there are some."),
        })
        .prefault({}),
      allowPlaintext: z.boolean().default(false).meta({
        description: "Lets clients log in without TLS, for measurements and tests. Only on a loopback address.",
      }),
    })
    .prefault({}),
  extensions: z
    .array(z.string().min(1).meta({ expected: "a JavaScript file", description: "The file of an extension." }))
    .max(100)
    .default([])
    .meta({
      expected: "a list of at most 100 JavaScript files",
      description: "Files whose default export is an extension, or a list of them. A path in a file is relative to that file.",
    }),
  durability: z.enum(["full", "process", "none"]).default("full").meta({
    description:
      "What an acknowledged fact survives: `full` a power cut, `process` the end of the process but not of the machine, `none` nothing.",
  }),
  session: z
    .strictObject({
      conflict: z.enum(["replace", "reject-new", "rename"]).default("replace").meta({
        description:
          "When a client binds a resource in use (RFC 6120 section 7.7.2.2): " +
          "`replace` ends the old session, `reject-new` refuses the new one, `rename` gives it another resource.",
      }),
      resourcesPerAccountMax: count(10, 1, 1_000, "sessions", "Sessions of one account at the same time."),
      negotiationTimeoutMs: duration(30 * second, 100, 10 * minute, "How long a client may take from its first byte to a bound resource."),
      closeTimeoutMs: duration(
        5 * second,
        100,
        minute,
        "How long a closed stream waits for the client's own end tag (RFC 6120 section 4.4).",
      ),
      resumptionMs: duration(
        10 * minute,
        0,
        24 * hour,
        "How long a client that has lost its link can resume its session (XEP-0198 section 5), a crash of the server included. 0: not at all.",
      ),
      tokenLifetimeMs: duration(
        21 * 24 * hour,
        0,
        365 * 24 * hour,
        "How long a client that has logged in can do so again with a token in place of the password (XEP-0484); each day that it does it gets another one. 0: there are no tokens.",
      ),
      resumptionLocation: z
        .string()
        .regex(/^(?:\[[0-9A-Fa-f:.]+\]|[^\s:[\]]+)(?::\d{1,5})?$/)
        .exactOptional()
        .meta({
          expected: "a host name or address, with a port if need be, such as xmpp.example.org:5222 or [2001:db8::1]:5222",
          placeholder: "xmpp.example.org:5222",
          description: "Where clients are told to come to resume (XEP-0198 section 3). Without it, where they came before.",
        }),
      silenceMs: duration(
        5 * minute,
        100,
        24 * hour,
        "A client that is silent for so long is asked whether it lives (RFC 6120 section 4.6.4).",
      ),
      silenceAnswerMs: duration(minute, 100, hour, "How long that question waits for any answer before the stream counts as broken."),
    })
    .prefault({}),
  limits: z
    .strictObject({
      stanzaBytes: count(262_144, 10_000, 10_485_760, "bytes", "Largest stanza of a client that has logged in (RFC 6120 section 13.12)."),
      connections: count(50_000, 10, 1_000_000, "connections", "All connections that are open at the same time, by TCP and HTTP; more are refused. Each takes memory, and one of the files that the system lets this process have."),
      connectionsPerAddress: count(100, 1, 1_000_000, "connections", "Connections from one address, or one IPv6 network of 64 bits; loopback is exempt. Behind a trusted proxy its clients are counted."),
      connectionsPerMinute: count(300, 1, 1_000_000, "connections", "New connections from there in a minute; loopback is exempt. Whoever goes on while it is refused waits for up to a minute longer."),
      loginFailuresPerAddress: count(
        100,
        1,
        1_000_000,
        "failures",
        "Wrong passwords from one address, or one IPv6 network of 64 bits, in ten minutes; then nobody logs in from there who has not done so before, until some of them are older. Loopback is counted, too.",
      ),
      loginFailuresPerAccount: count(
        10,
        1,
        1_000_000,
        "failures",
        "Wrong passwords of one account from one such address; from then on it has to wait from there, longer with each. And tenfold from all addresses in ten minutes: from then on " +
          "logins to it are answered slowly where it has not logged in from before. Nobody else's wrong passwords keep a user out.",
      ),
      bytesPerSecond: count(
        1_048_576,
        0,
        1_000_000_000,
        "bytes",
        "What is read of one client in a second, after ten times as much at once; the rest waits in the network. 0: as much as comes.",
      ),
      stanzasPerSecond: count(1_000, 0, 1_000_000, "stanzas", "The same for the number of its stanzas."),
      offlineMessages: count(
        1_000,
        0,
        1_000_000,
        "messages",
        "Messages that are kept for a user who is not there (XEP-0160); above it they are in the user's archive alone, or their senders get an error. 0 keeps none.",
      ),
      queueStanzas: count(
        5_000,
        100,
        1_000_000,
        "stanzas",
        "Stanzas that are kept for a client until it acknowledges them (XEP-0198 section 4); beyond it the session cannot be resumed any more.",
      ),
      queueBytes: count(6_291_456, 65_536, 12_582_912, "bytes", "The same for the size of those stanzas, which are all sent at once to a client that resumes."),
      scramIterations: count(
        4_096,
        4_096,
        1_000_000,
        "iterations",
        "PBKDF2 work per password that is set from now on (RFC 7677 section 4). Names without an account are answered with it too, " +
          "so accounts that keep an older value can be told from them: choose it before the first account, or set the passwords anew.",
      ),
    })
    .prefault({}),
  archive: z
    .strictObject({
      days: count(
        0,
        0,
        36_525,
        "days",
        "How long archived messages are kept (XEP-0313 section 3.2); then they are deleted, with what the log says of them: a minute after the start, and within the hour from then on. 0: for ever.",
      ),
      messages: count(
        1_000_000,
        0,
        1_000_000_000,
        "messages",
        "Messages that are kept in the archive of one user, or of one room; above it the oldest are deleted, within an hour. 0: without bound.",
      ),
    })
    .prefault({}),
  admins: z
    .array(z.string().transform(toBareJid).meta({ expected: "a JID such as romeo@example.org", description: "The account of an administrator." }))
    .max(100)
    .prefault([])
    .meta({
      expected: "a list of at most 100 JIDs such as romeo@example.org",
      description: "Who may administer the server from a client (XEP-0133), and owns every room.",
    }),
  contact: z
    .strictObject({
      abuse: addresses("Where abuse is reported (XEP-0157)."),
      admin: addresses("Where those are reached who run the server."),
      feedback: addresses("Where people say what they think of the service."),
      sales: addresses("Where people ask about prices and offers."),
      security: addresses("Where weaknesses are reported."),
      status: addresses("Where is said how the service is."),
      support: addresses("Where people get help."),
    })
    .prefault({}),
  externalServices: z
    .array(
      z.strictObject({
        type: z.enum(["stun", "stuns", "turn", "turns"]).meta({ description: "What it is, for calls (XEP-0215)." }),
        host: z.string().regex(/^[^\s/:]+$|^[0-9A-Fa-f:]+$/).meta({ expected: "a host name or address", description: "Where it is." }),
        port: z.int().min(1).max(65_535).default(3_478).meta({ description: "Its port." }),
        transport: z.enum(["udp", "tcp"]).default("udp").meta({ description: "How it is reached." }),
        secret: z.string().min(1).max(1_024).exactOptional().meta({
          secret: true,
          expected: "the secret that the service knows, too",
          placeholder: "SECRET",
          description: "Makes names and passwords that are good for `lifetimeMs`, as coturn's static-auth-secret does. Without it nobody needs one.",
        }),
        lifetimeMs: duration(12 * hour, minute, 30 * 24 * hour, "How long they are good."),
      }),
    )
    .max(externalServicesMax)
    .prefault([])
    .meta({
      expected: `a list of at most ${externalServicesMax} tables with type and host`,
      description: "Services elsewhere that clients are told of, for calls (XEP-0215).",
    }),
  components: z
    .array(
      z.strictObject({
        domain: z.string().transform(toDomain).meta({
          expected: "a domain name such as gateway.example.org",
          description: "The domain of an external component (XEP-0114): no host's, and not that of its rooms.",
        }),
        secret: z.string().min(1).max(1_024).meta({ secret: true, expected: "the secret that the component knows, too", description: "By which it proves that it is the component." }),
      }),
    )
    .max(componentsMax)
    .prefault([])
    .meta({
      expected: `a list of at most ${componentsMax} tables with domain and secret`,
      description: "Programs that serve a domain of their own over a connection to this server, such as gateways, bots and push services (XEP-0114).",
    }),
  rooms: z
    .strictObject({
      enabled: z.boolean().default(true).meta({ description: "Whether there are rooms (XEP-0045), at `rooms.subdomain` of each host." }),
      subdomain: z.string().regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/).default("muc").meta({
        expected: "a label such as muc",
        description: "What comes before the host in the domain of its rooms: muc.example.org.",
      }),
      creation: z.enum(["everybody", "admins"]).default("everybody").meta({ description: "Who may make rooms." }),
      perUser: count(100, 1, 100_000, "rooms", "Rooms that one user may have made that are still there; more are refused. Administrators may make more."),
      occupants: count(2_000, 2, 100_000, "occupants", "Occupants of one room, whatever its owners choose."),
    })
    .prefault({}),
  push: z
    .strictObject({
      disclose: z.enum(["nothing", "count", "sender", "body"]).default("count").meta({
        description:
          "What push services, and whoever they pass it on to, are told of messages that wait for a user (XEP-0357): `nothing` but that there " +
          "are some, their `count`, the last one's `sender` too, or its `body` as well.",
      }),
      services: z
        .array(
          z.string().transform(toJid).meta({
            expected: "a JID such as app@example.org/push, app@example.org or push.example.org",
            description: "The address of a push service.",
          }),
        )
        .max(pushServicesListedMax)
        .prefault([])
        .meta({
          expected: `a list of at most ${pushServicesListedMax} JIDs`,
          description:
            "Push services that every user may have notified though they are clients of other users here: full JIDs, bare ones for all that " +
            "they have, domains for all their addresses. Another such client is notified only if it shows its presence to the user who named it.",
        }),
    })
    .prefault({}),
  clientState: z
    .strictObject({
      holdPresence: z.boolean().default(true).meta({
        description: "Whether presence waits while a client says that nobody looks at it, of each resource the latest (XEP-0352 section 3.2).",
      }),
      holdChatStates: z.boolean().default(true).meta({ description: "The same for chat states that come without a message, the latest of each conversation." }),
      holdEvents: z.boolean().default(true).meta({
        description: "The same for events of personal eventing, the latest of each item. Where nothing waits, clients are not offered to say that nobody looks.",
      }),
    })
    .prefault({}),
  websocket: z
    .strictObject({
      enabled: z.boolean().default(true).meta({ description: "Whether clients reach this server by WebSocket (RFC 7395), at /xmpp-websocket of the HTTP listener." }),
    })
    .prefault({}),
  bosh: z
    .strictObject({
      enabled: z.boolean().default(true).meta({ description: "Whether clients reach this server by BOSH (XEP-0124, XEP-0206), at /http-bind of the HTTP listener." }),
    })
    .prefault({}),
  inspector: z
    .strictObject({
      enabled: z.boolean().default(true).meta({
        description: "Whether sessions can be watched at /inspect, by who has the token that the server prints at its start.",
      }),
      bodies: z.boolean().default(false).meta({
        description: "Shows the texts of stanzas there; otherwise their length alone. Passwords and keys are never shown.",
      }),
      remote: z.boolean().default(false).meta({
        description: "Allows the inspector on an address that is not loopback. Needs `listen.http.tls`.",
      }),
      chat: z.boolean().default(true).meta({
        description: "Lets its page chat, too, for who tries this server: sign in as a user, and make two, romeo and juliet. Only where the HTTP listener is on loopback, with `websocket.enabled`.",
      }),
    })
    .prefault({}),
  registration: z
    .strictObject({
      enabled: z.boolean().default(false).meta({
        description: "Whether anybody may make an account from a client (XEP-0077). Names that were somebody's before, and those of `admins`, are not given.",
      }),
      perAddress: count(5, 1, 100_000, "tries", "Tries to make an account from one address, or one IPv6 network of 64 bits, in an hour; loopback is counted, too."),
      perHour: count(100, 1, 100_000, "tries", "Tries to make an account from all addresses together, in an hour."),
      passwords: z.boolean().default(true).meta({ description: "Whether users may set another password from a client." }),
      invitations: z.enum(["admins", "users", "nobody"]).default("admins").meta({
        description:
          "Who may invite somebody to make an account, though `enabled` is false (XEP-0401): `admins`, and the operator with `refrain user invite`; " +
          "all `users`, too; or `nobody`, and what was made before lets nobody in.",
      }),
      invitationDays: count(7, 1, 365, "days", "How long an invitation is good."),
      invitationsPerUser: count(10, 1, 10_000, "invitations", "Invitations of one user that are good at the same time. Administrators may have more."),
      removal: z.boolean().default(true).meta({ description: "Whether users may remove their account from a client, with all that is kept of it." }),
    })
    .prefault({}),
  upload: z
    .strictObject({
      enabled: z.boolean().default(true).meta({
        description: "Whether users may put files here over HTTP (XEP-0363). Needs `listen.http.tls` or `listen.http.publicUrl`, unless HTTP stays on this machine.",
      }),
      maxFileBytes: count(52_428_800, 1_024, 4_294_967_296, "bytes", "The largest file."),
      quotaBytes: count(1_073_741_824, 1_024, Number.MAX_SAFE_INTEGER, "bytes", "All files of one user together."),
      quotaFiles: count(10_000, 1, 1_000_000, "files", "How many files one user may have, however small."),
      keepDays: count(30, 0, 36_525, "days", "How long a file is kept. 0: for as long as its account."),
      slotsPerMinute: count(30, 1, 10_000, "slots", "Files that one user may begin to put in a minute."),
      freeBytesMin: count(268_435_456, 0, Number.MAX_SAFE_INTEGER, "bytes", "What has to be left free on the disk; below it no file is taken."),
    })
    .prefault({}),
  metrics: z
    .strictObject({
      enabled: z.boolean().default(true).meta({
        description: "Whether numbers are told at /metrics of the HTTP listener, in Prometheus' format; /health and /ready are there in any case.",
      }),
      token: z.string().min(16).max(1_024).regex(/^\S+$/).exactOptional().meta({
        secret: true,
        expected: "a secret of at least 16 characters without spaces",
        // Too short, so that nobody leaves it in: it stands in every file that is begun here.
        placeholder: "TOKEN",
        description: "What others than this machine have to send as `Authorization: Bearer TOKEN`. Without it nobody else is told.",
      }),
    })
    .prefault({}),
  history: z
    .strictObject({
      compactMs: duration(
        hour,
        minute,
        century,
        "When so long has passed since a session's end, what was counted and queued goes from the log; what it was told, and its end, stay.",
      ),
      keepMs: duration(
        7 * 24 * hour,
        0,
        century,
        "When so long has passed since a session's end, all of it goes from the log. 0: within a minute; the largest value: as good as never.",
      ),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info").meta({
        description: "The least serious message that is written.",
      }),
      format: z.enum(["auto", "json", "pretty"]).default("auto").meta({
        description: "`auto` is pretty on a terminal, else json: one object a line. The log goes to standard error.",
      }),
    })
    .prefault({}),
});

/** The choices of the operator, checked: paths absolute, domains prepared. */
export type Config = DeepReadonly<z.output<typeof configSchema>>;
export type HostConfig = Config["hosts"][number];

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

function port(preset: number, description: string) {
  return z.int().min(0).max(65_535).default(preset).meta({ description, expected: "1–65535 (0 picks a free one)" });
}

function count(preset: number, min: number, max: number, unit: string, description: string) {
  return z.int().min(min).max(max).default(preset).meta({ description, unit });
}

function addresses(description: string) {
  const address = z.string().max(1_024).refine((text) => URL.canParse(text) && !/\s/.test(text)).meta({
    expected: "an address such as mailto:xmpp@example.org, xmpp:admin@example.org or https://example.org/help",
    description: "An address.",
  });
  return z.array(address).max(contactAddressesMax).prefault([]).meta({ expected: `a list of at most ${contactAddressesMax} addresses such as mailto:xmpp@example.org`, description });
}

function duration(preset: number, min: number, max: number, description: string) {
  return count(preset, min, max, "ms", description);
}

function toJid(text: string, context: z.RefinementCtx): string {
  const jid = parseJid(text)?.full;
  if (jid !== undefined) return jid;
  context.addIssue({ code: "custom", message: "not a JID" });
  return z.NEVER;
}

function toBareJid(text: string, context: z.RefinementCtx): string {
  const jid = parseJid(text);
  if (jid?.local !== undefined && jid.resource === undefined) return jid.full;
  context.addIssue({ code: "custom", message: "not a bare JID" });
  return z.NEVER;
}

function toNetwork(text: string, context: z.RefinementCtx): string {
  if (networkOf(text) !== undefined) return text;
  context.addIssue({ code: "custom", message: "not a network" });
  return z.NEVER;
}

function toDomain(text: string, context: z.RefinementCtx): string {
  const domain = prepareDomain(text);
  if (domain !== undefined) return domain;
  context.addIssue({ code: "custom", message: "not a domain" });
  return z.NEVER;
}
