/**
 * A device with a client: it comes, comes back whenever its link is lost, resumes its session where it can (XEP-0198 section 5), and
 * answers as its habits are. Everything happens at once or by virtual time.
 */
import type { Timer } from "../../../src/ports.ts";
import type { SeededRandom } from "../../../src/testing/virtual/seeded-random.ts";
import { CountError } from "../crash/counting.ts";
import { showXml, type Xml } from "../../support/xml-reader.ts";
import { ClientManagement } from "./client-management.ts";
import { ComingBack } from "./coming-back.ts";
import { enter } from "./entering.ts";
import { hear } from "./hearing.ts";
import { LoginAttempt, type WrongLogin } from "./login-attempt.ts";
import { managementNamespace } from "./login.ts";
import { Patience } from "./patience.ts";
import { RosterCache } from "./roster-cache.ts";
import type { Person, Scene } from "./scene.ts";
import { Sitting, type Place, type Sending } from "./sitting.ts";
import { checkStreamError } from "./stream-errors.ts";
import type { Traits, Uses } from "./traits.ts";
import { Wire } from "./wire.ts";

/** Milliseconds that a login and the end of a stream may take. */
const loginMs = 25_000;
const closingMs = 10_000;

export interface DevicePlace {
  readonly name: string;
  readonly person: Person;
  readonly traits: Traits;
  readonly uses: Uses;
}

export class Device {
  readonly name: string;
  readonly person: Person;
  readonly traits: Traits;
  readonly uses: Uses;
  /** The id of the newest message of its archive that it has seen; what comes after that it has missed, as far as it knows. */
  archivedUntil: string | undefined;
  readonly roster = new RosterCache();
  /** Addresses that are blocked, as this one was told; undefined while it has not asked in this session. */
  blocks: Set<string> | undefined;
  /** The session that it has, or will resume. */
  sitting: Sitting | undefined;
  /** What it has said on this link that none may: any end is to be expected. */
  guilt: string | undefined;
  /** Something was done to its link. */
  isLinkFaulty = false;
  /** Milliseconds for which it was online, without those since it is. */
  clientMs = 0;
  readonly #scene: Scene;
  readonly #random: SeededRandom;
  #wire: Wire | undefined;
  #login: LoginAttempt | undefined;
  #isOnline = false;
  #isWanted = false;
  #isLeaving = false;
  /** The server has said that the stream ends, and why. */
  #isCondemned = false;
  #onlineSince = 0;
  #deadline: Timer | undefined;
  readonly #comingBack: ComingBack;
  readonly #management: ClientManagement;
  readonly #patience: Patience;
  /** Of the next attempt to log in. */
  #wrong: WrongLogin | undefined;

  constructor(scene: Scene, { name, person, traits, uses }: DevicePlace) {
    this.#scene = scene;
    this.name = name;
    this.person = person;
    this.traits = traits;
    this.uses = uses;
    this.#random = scene.randomOf(name);
    this.#comingBack = new ComingBack(scene, this.#random, () => this.#connect());
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
    return this.#wire === undefined && !this.#comingBack.isWaiting;
  }

  /** What it writes leaves at once. */
  get speaks(): boolean {
    return this.#isOnline && !this.#isLeaving;
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
    if (this.#comingBack.isWaiting) this.#connect();
  }

  /** Comes, and does this at its next attempt to log in. */
  misbehaveAtLogin(wrong: WrongLogin): void {
    this.#wrong = wrong;
    this.come();
  }

  /** Ends the session in order, with a last acknowledgement. */
  leave(): void {
    this.#isWanted = false;
    if (!this.#isOnline || this.#wire === undefined) return this.#wire === undefined ? this.#comingBack.cancel() : this.#wire.drop("leaves before it is there");
    if (this.#isLeaving) return;
    this.acknowledge();
    this.#isLeaving = true;
    if (this.sitting !== undefined) this.sitting.leftAt = this.#scene.now();
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

  /** Knows nothing any more, as after a crash of its program. */
  forget(): void {
    this.roster.forget();
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
    if (this.speaks) this.#wire?.write(text);
  }

  /** Says whether somebody looks at it (XEP-0352 section 4.2). */
  setInactive(isInactive: boolean): void {
    const { sitting } = this;
    if (sitting === undefined || !this.speaks || sitting.isInactive === isInactive) return;
    this.#scene.counts.pauses += isInactive ? 1 : 0;
    sitting.isInactive = isInactive;
    sitting.wasInactive ||= isInactive;
    this.write(`<${isInactive ? "inactive" : "active"} xmlns='urn:xmpp:csi:0'/>`);
  }

  /** What none may say; `guilt`: why any end of the stream is to be expected, if it is. */
  say(text: string, guilt: string | undefined): void {
    if (!this.speaks) return;
    this.guilt ??= guilt;
    this.#wire?.write(text);
  }

  /** Asks what has arrived. */
  ask(): void {
    this.#management.ask();
  }

  /** Says what has arrived. */
  acknowledge(): void {
    this.#management.acknowledge();
  }

  /** Asks for stream management in a session that is there. */
  enable(): void {
    this.#management.enable();
  }

  #connect(): void {
    this.#comingBack.cancel();
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
      return this.#comingBack.wait();
    }
    this.#wire = wire;
    this.#setDeadline(loginMs, "its login takes too long");
    this.#login = this.#attempt(wire);
  }

  #attempt(wire: Wire): LoginAttempt {
    const wrong = this.#scene.isEnding ? undefined : this.#wrong;
    this.#wrong = undefined;
    return new LoginAttempt(this.#scene, this, wire, this.#random, wrong, {
      bound: (place) => this.#bound(place),
      resumed: (h) => this.#resumed(h),
      sessionOver: (h) => this.#endSitting("cut off", h),
    });
  }

  #bound(place: Place): void {
    const scene = this.#scene;
    const sitting = new Sitting(place, scene.sittings.length + 1);
    scene.counts.logins += 1;
    scene.sittings.push(sitting);
    this.sitting = sitting;
    this.blocks = undefined;
    this.roster.newSession();
    this.#begin();
    if (!place.jid.startsWith(`${place.account}/`)) scene.problem("Invariant 7: a session's JID is the identity that has logged in", `${this.name}: is bound as ${place.jid}`);
    enter(this, scene);
  }

  #resumed(h: string | undefined): void {
    const { sitting } = this;
    if (sitting === undefined) return;
    this.#scene.counts.resumptions += 1;
    sitting.isReadToEnd = false;
    // XEP-0352 section 5.2.
    sitting.isInactive = false;
    if (!this.#management.accept(h)) return;
    this.#begin();
    for (const { text } of sitting.unacknowledged) this.write(text);
    this.ask();
  }

  #begin(): void {
    this.#deadline?.cancel();
    if (this.#wire !== undefined) this.#wire.isNegotiating = false;
    this.#isOnline = true;
    this.#comingBack.succeeded();
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
    if (condition === "conflict") this.#comingBack.isDisplaced = true;
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
    this.#login?.lost();
    this.#wire = undefined;
    this.#login = undefined;
    this.#deadline?.cancel();
    this.#patience.end();
    this.#management.reset();
    this.#isOnline = false;
    this.#isLeaving = false;
    const { sitting } = this;
    if (sitting !== undefined && (!sitting.isResumable || (sitting.isReadToEnd && !this.traits.isStubborn))) this.#endSitting("cut off");
    if (this.#isWanted) this.#comingBack.wait();
  }

  /** Adds the time for which it was online, until now. */
  #countTime(): void {
    this.clientMs += this.onlineMs;
    this.#onlineSince = this.#scene.now();
  }

  #endSitting(how: "read to its end" | "cut off", h?: string): void {
    const { sitting } = this;
    if (sitting === undefined) return;
    this.sitting = undefined;
    // It may have missed what it has said to have.
    if (sitting.isToBlame) this.roster.forget();
    try {
      sitting.over(sitting.isReadToEnd ? "read to its end" : how, this.#scene.now(), h);
    } catch (error) {
      if (!(error instanceof CountError)) throw error;
      this.#scene.problem("Invariant 12: acknowledged ≤ sent, and h never goes back", `${this.name}: at the end of its session ${error.message}`);
    }
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
