/** Files that are put on the server over HTTP, by slots that are asked for here. */
import type { Extension, IqReply, IqRequest } from "../router/extension.ts";
import { el, type StanzaFault } from "../xml/stanza.ts";

const xmlns = "urn:xmpp:http:upload:0";

export const upload: Extension = {
  name: "upload",
  specification: {
    id: "XEP-0363",
    version: "1.2.0",
    title: "HTTP File Upload",
    missing: ["Purposes (section 5): a file is kept for as long as any other, whatever it is for; none of them is announced."],
  },
  serverFeatures: ({ uploadBytes }) => (uploadBytes > 0 ? [xmlns] : []),
  serverIdentities: ({ uploadBytes }) => (uploadBytes > 0 ? [{ category: "store", type: "file", name: "HTTP File Upload" }] : []),
  serverForms: ({ limits: { uploadBytes } }) => (uploadBytes > 0 ? [formOf(uploadBytes)] : []),
  iq: [{ xmlns, name: "request", types: ["get"], at: ["server"], handle }],
  accountRemoved: ({ house, bareJid }) => void house.uploads?.forget(bareJid),
};

/** XEP-0363 section 3. */
function formOf(bytes: number) {
  return {
    fields: [
      { var: "FORM_TYPE", type: "hidden", values: [xmlns] },
      { var: "max-file-size", values: [String(bytes)] },
    ],
  };
}

/** XEP-0363 sections 4 and 6. */
function handle({ house, iq, session, payload }: IqRequest): IqReply {
  const { uploads } = house;
  if (uploads === undefined) return { fault: { condition: "service-unavailable", text: "" } };
  // Files are of accounts: who has none here, has none there.
  if (!session.connected || !house.hosts.includes(iq.from.domain)) return { fault: { condition: "forbidden", text: "files are for the users of this server" }, payload };
  const { filename, size, "content-type": type } = payload.attrs as Readonly<Record<string, string | undefined>>;
  if (filename === undefined || filename === "") return { fault: { condition: "bad-request", text: "a slot needs the file's name, in filename" }, payload };
  if (size === undefined || !/^[1-9]\d{0,14}$/.test(size)) return { fault: { condition: "bad-request", text: "a slot needs the file's size, in bytes, from 1" }, payload };
  const answer = uploads.slot({ owner: iq.from.bare, name: filename, size: Number(size), type });
  if ("refused" in answer) return { fault: faultOf(answer, uploads.maxFileBytes), payload };
  return { result: el("slot", { xmlns }, el("put", { url: answer.put }), el("get", { url: answer.get })) };
}

function faultOf(answer: { readonly refused: "too-large" | "quota-bytes" | "quota-files" } | { readonly refused: "too-often"; readonly until: number }, bytesMax: number): StanzaFault {
  switch (answer.refused) {
    case "too-large":
      return {
        condition: "not-acceptable",
        limit: "upload.maxFileBytes",
        text: `the file is too large: at most ${bytesMax} bytes are taken`,
        detail: el("file-too-large", { xmlns }, el("max-file-size", {}, String(bytesMax))),
      };
    case "quota-bytes":
      return { condition: "resource-constraint", text: "your files have no room for this one; they go with time", type: "wait", limit: "upload.quotaBytes" };
    case "quota-files":
      return { condition: "resource-constraint", text: "you have as many files as there can be; they go with time", type: "wait", limit: "upload.quotaFiles" };
    case "too-often":
      return {
        condition: "resource-constraint",
        limit: "upload.slotsPerMinute",
        text: "you have asked for too many slots in a minute",
        type: "wait",
        detail: el("retry", { xmlns, stamp: new Date(answer.until).toISOString() }),
      };
  }
}
