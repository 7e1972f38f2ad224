/** One attempt of a device to log in, as its traits are or, once, as none may; with what others have to know of it. */
import type { SeededRandom } from "../../../src/testing/virtual/seeded-random.ts";
import { showXml, type Xml } from "../../support/xml-reader.ts";
import type { Device } from "./device.ts";
import { Login, type LoginIntent } from "./login.ts";
import type { Scene } from "./scene.ts";
import type { Place } from "./sitting.ts";
import type { Wire } from "./wire.ts";

export const password = "secret";

/** What is wrong with an attempt: something is said in place of what belongs there, or the password, or the session that is to be resumed. */
export type WrongLogin = NonNullable<LoginIntent["misdeed"]> | { readonly password: string } | { readonly resume: string };

export interface AttemptEvents {
  bound(place: Place): void;
  resumed(h: string | undefined): void;
  /** Whatever session there was, it is over; `h`: what the server had handled of it, if it says so. */
  sessionOver(h?: string): void;
}

export class LoginAttempt {
  readonly #scene: Scene;
  readonly #wire: Wire;
  readonly #login: Login;
  /** A bind that is asked for and not answered. */
  #binding: { readonly jid: string; readonly askedAt: number } | undefined;

  /** Begins at once. */
  constructor(scene: Scene, device: Device, wire: Wire, random: SeededRandom, wrong: WrongLogin | undefined, events: AttemptEvents) {
    this.#scene = scene;
    this.#wire = wire;
    const { sitting, person: { account, name: user }, traits: { over, mechanism, plus, resource } } = device;
    const stolen = wrong !== undefined && "resume" in wrong && sitting === undefined ? wrong.resume : undefined;
    const own = sitting?.isResumable === true ? { id: sitting.id!, h: sitting.handled } : undefined;
    const resume = stolen === undefined ? own : { id: stolen, h: 0 };
    if (resume !== undefined) note(scene.resumesAsked, resume.id, scene.now());
    const misdeed = wrong !== undefined && "stage" in wrong ? wrong : undefined;
    if (misdeed !== undefined) device.guilt = misdeed.text;
    const intent: LoginIntent = {
      domain: scene.domain, user, mechanism, plus, resource, resume, misdeed,
      password: wrong !== undefined && "password" in wrong ? wrong.password : password,
      starttls: over === "starttls",
      nonce: `${device.name}${random.next()}`,
    };
    let askedAt = 0;
    this.#login = new Login(wire, intent, {
      binding: () => {
        events.sessionOver();
        askedAt = scene.now();
        this.#binding = { jid: `${account}/${resource ?? ""}`, askedAt };
        if (resource !== null) note(scene.bindsAsked, this.#binding.jid, askedAt);
      },
      bound: (jid) => {
        this.#binding = undefined;
        if (resource === null) note(scene.bindsAsked, jid, askedAt);
        events.bound({ device: device.name, account, jid, askedAt });
      },
      notBound: (answer) => {
        this.#binding = undefined;
        wire.drop(`it may not bind: ${showXml(answer)}`);
      },
      resumed: (h) => (stolen === undefined ? events.resumed(h) : this.#hasStolen(device, stolen)),
      notResumed: (h) => (stolen === undefined ? events.sessionOver(h) : undefined),
      notLoggedIn: () => wire.drop("its login failed"),
      unexpected: (text) => {
        // The answer to a misdeed.
        if (device.guilt !== undefined && text.startsWith("<failed ")) return;
        scene.problem("RFC 6120 section 7.1: before a resource is bound nothing comes but what binds it", `${device.name}: ${text}`);
      },
    });
  }

  get isOver(): boolean {
    return this.#login.isOver;
  }

  secured(): void {
    this.#login.secured();
  }

  element(element: Xml): void {
    this.#login.element(element);
  }

  /** The link is lost, wherever it was. */
  lost(): void {
    if (this.#binding !== undefined) this.#scene.ghosts.push({ ...this.#binding, lostAt: this.#scene.now() });
  }

  #hasStolen({ name }: Device, id: string): void {
    this.#scene.problem("XEP-0198 section 5: nobody resumes what is over or another's", `${name} has resumed ${id}`);
    this.#wire.drop("has resumed what is not its own");
  }
}

function note(times: Map<string, number[]>, what: string, at: number): void {
  times.set(what, [...(times.get(what) ?? []), at]);
}
