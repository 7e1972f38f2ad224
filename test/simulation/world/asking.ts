/** Iqs of a device: asked with an id of their own, answered at most once (RFC 6120 section 8.2.3). */
import type { Xml } from "../../support/xml-reader.ts";
import type { Device } from "./device.ts";
import type { Scene } from "./scene.ts";

export interface Question {
  readonly type: "get" | "set";
  /** The payload. */
  readonly content: string;
  /** Without it, the own account. */
  readonly to?: string;
  answered?(answer: Xml, isResult: boolean): void;
  /** The session is over without an answer. */
  gone?(): void;
  /** It was not handled, and never will be. */
  voided?(): void;
}

export function ask(scene: Scene, device: Device, { type, content, to, answered, gone, voided }: Question): void {
  const { sitting } = device;
  if (sitting === undefined || device.isLeaving) return voided?.();
  scene.questions += 1;
  const id = `q${scene.questions}`;
  sitting.asked.set(id, {
    to,
    at: scene.now(),
    answered: (answer) => answered?.(answer, answer.attrs["type"] === "result"),
    ...(gone === undefined ? {} : { gone }),
  });
  const address = to === undefined ? "" : ` to='${to}'`;
  device.send({ text: `<iq type='${type}' id='${id}'${address}>${content}</iq>`, ...(voided === undefined ? {} : { voided }) });
}

/** Asks for the roster; by its version, if the device keeps one. */
export function askForRoster(scene: Scene, device: Device, version: string | undefined): void {
  const ver = version === undefined ? "" : ` ver='${version}'`;
  ask(scene, device, {
    type: "get",
    content: `<query xmlns='jabber:iq:roster'${ver}/>`,
    answered: (answer, isResult) => {
      if (isResult) device.roster.answered(answer);
      else scene.problem("RFC 6121 section 2.1.3: a user gets the own roster", `${device.name}: an error for ${version}`);
    },
  });
}
