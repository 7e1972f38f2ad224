/**
 * A device with a client: it comes, comes back whenever its link is lost, resumes its session where it can (XEP-0198 section 5), and
 * answers as its habits are. Everything happens at once or by virtual time.
 */
import type { Timer } from "../../../src/ports.ts";
import type { SeededRandom } from "../../../src/testing/virtual/seeded-random.ts";
import { CountError } from "../crash/counting.ts";
import { showXml, type Xml } from "../../support/xml-reader.ts";
import { checkStreamError } from "./stream-errors.ts";
import { hear } from "./hearing.ts";
import { ClientManagement } from "./client-management.ts";
import { Login, managementNamespace, type LoginIntent } from "./login.ts";
import { enter } from "./entering.ts";
import { Patience } from "./patience.ts";
import { RosterCache } from "./roster-cache.ts";
import type { Person, Scene } from "./scene.ts";
import { Sitting, type Sending } from "./sitting.ts";
import type { Traits } from "./traits.ts";
import { Wire } from "./wire.ts";

export const password = "secret";

/** Milliseconds between tries to connect: the first and the longest; and after somebody else has taken its place. */
const backOffMinMs = 50;
const backOffMaxMs = 8_000;
const displacedMs = 15_000;
/** Milliseconds that a login and the end of a stream may take. */
const loginMs = 25_000;
const closingMs = 10_000;

export interface DevicePlace {
  readonly name: string;
  readonly person: Person;
  readonly traits: Traits;
}

export class Device {
  readonly name: string;
  readonly person: Person;
  readonly traits: Traits;
  readonly roster = new RosterCache();
  /** Addresses that are blocked, as this one was told; undefined while it has not asked in this session. */
  blocks: Set<string> | undefined;
  /** The session that it has, or will resume. */
  sitting: Sitting | undefined;
  /** What it has said on this link that none may: any end is to be expected. */
  guilt: string | undefined;
  /** Something was done to its link. */
  isLinkFaulty = false;
  readonly #scene: Scene;
  readonly #random: SeededRandom;
  #wire: Wire | undefined;
  #login: Login | undefined;
  #isOnline = false;
  #isWanted = false;
  #isLeaving = false;
  /** The server has said that the stream ends, and why. */
  #isCondemned = false;
  #tries = 0;
  #displaced = false;
  #onlineSince = 0;
  #comingBack: Timer | undefined;
  #deadline: Timer | undefined;
  readonly #management: ClientManagement;
  readonly #patience: Patience;
  /** The bind that is asked for and not answered. */
  #binding: { readonly jid: string; readonly askedAt: number } | undefined;
  /** Said at the next login in place of what belongs there. */
  #misdeed: LoginIntent["misdeed"];
  #resumesInstead: string | undefined;
  #password = password;

  constructor(scene: Scene, { name, person, traits }: DevicePlace) {
    this.#scene = scene;
    this.name = name;
    this.person = person;
    this.traits = traits;
    this.#random = scene.randomOf(name);
    this.#management = new ClientManagement(scene, this);
    this.#patience = new Patience(scene, {
      patienceMs: traits.patienceMs,
      ask: () => (this.sitting?.counting === "on" ? this.ask() : this.send({ text: `<iq type='get' id='there' to='${scene.domain}'><ping xmlns='urn:xmpp:ping'/></iq>` })),
      giveUp: () => this.dropLink("nothing is heard from the server"),
    });
  }

  /** It has a session with a link: stanzas leave at once. */
  get isOnline(): boolean {
    return this.#isOnline;
  }

  /** Neither online nor on its way. */
  get isAway(): boolean {
    return this.#wire === undefined && this.#comingBack === undefined;
  }

  /** It has closed its stream: nothing more is said on it. */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  get wire(): Wire | undefined {
    return this.#wire;
  }

  /** Milliseconds since it is online; 0 while it is not. */
  get onlineMs(): number {
    return this.#isOnline ? this.#scene.now() - this.#onlineSince : 0;
  }

  /** Comes, and comes back whenever its link is lost. Nothing changes if it is there. */
  come(): void {
    this.#isWanted = true;
    if (this.isAway) this.#connect();
  }

  /** Does not wait any longer to come back. */
  hurry(): void {
    if (this.#comingBack === undefined) return;
    this.#comingBack.cancel();
    this.#connect();
  }

  /** Says this at the next login in place of what belongs there; or logs in with a wrong password, or resumes a session that it has no right to. */
  misbehaveAtLogin(misdeed: LoginIntent["misdeed"] | { readonly password: string } | { readonly resume: string }): void {
    if (misdeed === undefined) return;
    if ("password" in misdeed) this.#password = misdeed.password;
    else if ("resume" in misdeed) this.#resumesInstead = misdeed.resume;
    else this.#misdeed = misdeed;
    this.come();
  }

  /** Ends the session in order, with a last acknowledgement. */
  leave(): void {
    this.#isWanted = false;
    if (!this.#isOnline || this.#wire === undefined) return this.#wire === undefined ? this.#stayAway() : this.#wire.drop("leaves before it is there");
    if (this.#isLeaving) return;
    this.acknowledge();
    this.#isLeaving = true;
    this.#wire.write("</stream:stream>");
    this.#setDeadline(closingMs, "the server does not close its stream");
  }

  /** Goes without a word; comes back if it is wanted. */
  dropLink(why: string): void {
    this.#wire?.drop(why);
  }

  /** Leaves its link as it is, to the server alive, and comes again over another one, as when it has changed its network. */
  changeNetwork(): void {
    const wire = this.#wire;
    if (wire === undefined) return;
    this.#scene.transcript.note(this.name, "changes its network");
    wire.link.halfOpen();
    wire.leave();
    this.#lost();
  }

  /** Knows nothing more of its session, as after a crash of its program. */
  forget(): void {
    this.#endSitting("cut off");
    this.#wire?.drop("its program has ended");
  }

  /** Its link is as others are; one that is dead is given up. */
  calmLink(): void {
    if (!this.isLinkFaulty || this.#wire === undefined) return;
    const { link } = this.#wire;
    link.unstall();
    link.readSlowly(undefined);
    link.delay(this.#scene.delayMs);
    this.dropLink("takes a better link");
  }

  /** Sends it now, or as soon as there is a link. Without a session it is not sent. */
  send(sending: Sending): void {
    const { sitting } = this;
    if (sitting === undefined || this.#isLeaving) return sending.voided?.();
    sitting.send(sending);
    if (!this.#isOnline) return;
    this.#wire?.write(sending.text);
    this.#management.sent();
  }

  /** What is no stanza, or none that is counted. */
  write(text: string): void {
    if (this.#isOnline && !this.#isLeaving) this.#wire?.write(text);
  }

  /** What none may say; `guilt`: why any end of the stream is to be expected, if it is. */
  say(text: string, guilt: string | undefined): void {
    if (!this.#isOnline || this.#isLeaving) return;
    this.guilt ??= guilt;
    this.#wire?.write(text);
  }

  /** Asks what has arrived. */
  ask(): void {
    this.#management.ask();
  }

  /** Says what has arrived. */
  acknowledge(): void {
    if (this.#isOnline && !this.#isLeaving) this.#management.acknowledge();
  }

  /** Asks for stream management in a session that is there. */
  enable(): void {
    if (this.#isOnline && !this.#isLeaving) this.#management.enable();
  }

  #connect(): void {
    this.#stayAway();
    const { network, server, transcript } = this.#scene;
    const { over } = this.traits;
    const port = over === "tls" ? server.tlsPort : server.port;
    this.guilt = undefined;
    this.isLinkFaulty = false;
    this.#isCondemned = false;
    const wire = Wire.connect(network, port, this.name, transcript, {
      opened: () => this.#patience.heard(),
      element: (element) => this.#element(element),
      secured: () => this.#login?.secured(),
      ended: () => this.#ended(),
      lost: () => this.#lost(),
      garbled: (text) => this.#garbled(text),
    });
    if (wire === undefined) {
      transcript.note(this.name, "is refused");
      return this.#comeBack();
    }
    this.#wire = wire;
    this.#setDeadline(loginMs, "its login takes too long");
    this.#beginLogin(wire);
  }

  #beginLogin(wire: Wire): void {
    const { domain } = this.#scene;
    const { over, mechanism, plus, resource } = this.traits;
    const { sitting } = this;
    const stolen = this.#resumesInstead;
    const resume = stolen !== undefined ? { id: stolen, h: 0 } : sitting?.isResumable === true ? { id: sitting.id!, h: sitting.handled } : undefined;
    if (resume !== undefined) note(this.#scene.resumesAsked, resume.id, this.#scene.now());
    const misdeed = this.#misdeed;
    if (misdeed !== undefined) this.guilt = misdeed.text;
    const [user, secret] = [this.person.name, this.#password];
    this.#misdeed = undefined;
    this.#resumesInstead = undefined;
    this.#password = password;
    const nonce = `${this.name}${this.#random.next()}`.replaceAll(",", "");
    let place = { device: this.name, account: this.person.account, jid: "", askedAt: 0 };
    const intent = { domain, user, password: secret, starttls: over === "starttls", mechanism, plus, nonce, resource, resume, misdeed };
    this.#login = new Login(wire, intent, {
      binding: () => {
        // Whatever was, it is over.
        this.#endSitting("cut off");
        place = { ...place, askedAt: this.#scene.now() };
        this.#binding = { jid: `${place.account}/${resource ?? ""}`, askedAt: place.askedAt };
        if (resource !== null) note(this.#scene.bindsAsked, `${place.account}/${resource}`, place.askedAt);
      },
      bound: (jid) => this.#bound({ ...place, jid }),
      notBound: (answer) => {
        this.#binding = undefined;
        this.#wire?.drop(`it may not bind: ${showXml(answer)}`);
      },
      resumed: (h) => this.#resumed(h, stolen),
      notResumed: (h) => {
        if (stolen !== undefined) return;
        this.#endSitting("cut off", h);
      },
      notLoggedIn: () => this.#wire?.drop("its login failed"),
      unexpected: (text) => {
        // The answer to a misdeed.
        if (this.guilt !== undefined && text.startsWith("<failed ")) return;
        this.#scene.problem("RFC 6120 section 7.1: before a resource is bound nothing comes but what binds it", `${this.name}: ${text}`);
      },
    });
  }

  #bound(place: ConstructorParameters<typeof Sitting>[0]): void {
    const scene = this.#scene;
    this.#binding = undefined;
    scene.counts.logins += 1;
    const sitting = new Sitting(place, scene.sittings.length + 1);
    scene.sittings.push(sitting);
    if (this.traits.resource === null) note(scene.bindsAsked, place.jid, place.askedAt);
    this.sitting = sitting;
    this.blocks = undefined;
    this.roster.newSession();
    this.#begin();
    if (!place.jid.startsWith(`${place.account}/`)) scene.problem("Invariant 7: a session's JID is the identity that has logged in", `${this.name}: is bound as ${place.jid}`);
    enter(this, scene);
  }

  #resumed(h: string | undefined, stolen: string | undefined): void {
    const { sitting } = this;
    if (stolen !== undefined || sitting === undefined) {
      this.#scene.problem("XEP-0198 section 5: nobody resumes what is over or another's", `${this.name} has resumed ${stolen}`);
      return this.dropLink("has resumed what is not its own");
    }
    this.#scene.counts.resumptions += 1;
    sitting.isReadToEnd = false;
    if (!this.#management.accept(h)) return;
    this.#begin();
    for (const { text } of sitting.unacknowledged) this.write(text);
    this.ask();
  }

  #begin(): void {
    this.#deadline?.cancel();
    if (this.#wire !== undefined) this.#wire.isNegotiating = false;
    this.#isOnline = true;
    this.#tries = 0;
    this.#onlineSince = this.#scene.now();
    this.#patience.begin();
  }

  #element(element: Xml): void {
    this.#patience.heard();
    if (element.name === "error" && element.xmlns === "http://etherx.jabber.org/streams") return this.#streamError(element);
    if (this.#login?.isOver === false) return this.#login.element(element);
    const { sitting } = this;
    if (sitting === undefined) return;
    if (element.xmlns === managementNamespace) return this.#management.take(sitting, element);
    // The answer to a misdeed.
    if (element.xmlns !== "jabber:client" && this.guilt !== undefined) return;
    if (element.xmlns !== "jabber:client") return this.#scene.problem("RFC 6120 section 8: what comes is a stanza", `${this.name}: ${showXml(element)}`);
    sitting.cameOne();
    hear(this.#scene, this, sitting, element);
    this.#management.handled();
  }

  #streamError(element: Xml): void {
    const condition = element.children.find((child): child is Xml => typeof child !== "string")?.name ?? "";
    checkStreamError(this.#scene, this, condition, element);
    this.#isCondemned = true;
    if (condition === "conflict") this.#displaced = true;
  }

  /** The server has closed its stream: what it wrote before was read. */
  #ended(): void {
    const { sitting } = this;
    const wire = this.#wire;
    if (this.#isOnline && sitting !== undefined) {
      if (this.#isLeaving) {
        // Where the server was the first to close, it has not read what was said last.
        if (!this.#isCondemned) sitting.partedAt = sitting.told;
        this.#endSitting("read to its end");
      } else sitting.isReadToEnd = true;
    }
    if (!this.#isLeaving) wire?.write("</stream:stream>");
    wire?.link.end();
    this.#setDeadline(closingMs, "the server does not close the link");
  }

  #lost(): void {
    this.#countTime();
    this.#wire = undefined;
    this.#login = undefined;
    this.#deadline?.cancel();
    this.#patience.end();
    this.#management.reset();
    if (this.#binding !== undefined) this.#scene.ghosts.push({ ...this.#binding, lostAt: this.#scene.now() });
    this.#binding = undefined;
    this.#isOnline = false;
    this.#isLeaving = false;
    const { sitting } = this;
    if (sitting !== undefined && (!sitting.isResumable || (sitting.isReadToEnd && !this.traits.isStubborn))) this.#endSitting("cut off");
    if (this.#isWanted) this.#comeBack();
  }

  /** Adds the time for which it was online, until now. */
  #countTime(): void {
    this.clientMs += this.onlineMs;
    this.#onlineSince = this.#scene.now();
  }

  /** Milliseconds for which it was online, without those since it is. */
  clientMs = 0;

  #endSitting(how: "read to its end" | "cut off", h?: string): void {
    const { sitting } = this;
    if (sitting === undefined) return;
    this.sitting = undefined;
    try {
      sitting.over(sitting.isReadToEnd ? "read to its end" : how, this.#scene.now(), h);
    } catch (error) {
      if (!(error instanceof CountError)) throw error;
      this.#scene.problem("Invariant 12: acknowledged ≤ sent, and h never goes back", `${this.name}: at the end of its session ${error.message}`);
    }
  }

  #comeBack(): void {
    const longest = this.#displaced ? displacedMs : Math.min(backOffMaxMs, backOffMinMs * 2 ** this.#tries);
    this.#displaced = false;
    this.#tries += 1;
    const ms = Math.round(longest * (0.5 + this.#random.fraction()));
    this.#comingBack = this.#scene.after(ms, () => {
      this.#comingBack = undefined;
      this.#connect();
    });
  }

  #stayAway(): void {
    this.#comingBack?.cancel();
    this.#comingBack = undefined;
  }

  #setDeadline(ms: number, why: string): void {
    this.#deadline?.cancel();
    const wire = this.#wire;
    this.#deadline = this.#scene.after(ms, () => wire?.drop(why));
  }

  #garbled(text: string): void {
    this.#scene.problem("RFC 6120 section 4.9.3.13: what the server sends is well-formed", `${this.name}: ${text}`);
    this.dropLink("what came is not well-formed");
  }
}

function note(times: Map<string, number[]>, what: string, at: number): void {
  times.set(what, [...(times.get(what) ?? []), at]);
}
