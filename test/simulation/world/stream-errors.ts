/** Whether there is a cause for a stream error that the server sends (RFC 6120 section 4.9). */
import { showXml, type Xml } from "../../support/xml-reader.ts";
import type { Device } from "./device.ts";
import type { Scene } from "./scene.ts";

/** Milliseconds that a bind, or a resumption, can be under way. */
const bindMs = 60_000;

export function checkStreamError(scene: Scene, device: Device, condition: string, error: Xml): void {
  if (device.guilt !== undefined || hasCause(scene, device, condition)) return;
  scene.problem("RFC 6120 section 4.9: a stream error has a cause", `${device.name}: nothing has led to ${showXml(error)}`);
}

function hasCause({ excuses, bindsAsked, resumesAsked, now }: Scene, device: Device, condition: string): boolean {
  switch (condition) {
    case "system-shutdown":
      return excuses.isStopping;
    case "internal-server-error":
    case "resource-constraint":
      return excuses.isDiskTroubled;
    case "conflict": {
      const { sitting } = device;
      // One that was asked for before may have been on its way for longer.
      if (sitting === undefined) return false;
      const binds = (bindsAsked.get(sitting.jid) ?? []).filter((at) => at > sitting.askedAt - bindMs);
      const resumes = (resumesAsked.get(sitting.id ?? "") ?? []).filter((at) => at > now() - bindMs);
      return binds.length > 1 || resumes.length > 1;
    }
    case "connection-timeout":
      // A login that takes long, or a client that does not say that it is there.
      return device.isLinkFaulty || device.traits.answerMs > 0 || excuses.isSlow;
    default:
      return false;
  }
}
