/** The avatar of an account among its nodes (XEP-0084): which picture they show, and how they come to show another. */
import type { Account } from "../domain/account.ts";
import { avatarDataNode, avatarMetadataNode } from "../domain/avatar.ts";
import type { Jid } from "../domain/jid.ts";
import { avatarFormatsMax } from "../domain/limits.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { readPicture, type Picture } from "../xml/picture.ts";
import { el } from "../xml/stanza.ts";
import type { Fault } from "./faults.ts";
import type { Nodes } from "./nodes.ts";

/**
 * The picture that the nodes show now: the one in the account itself, which the latest metadata name and whose hash is the one that they
 * say. undefined: none, or one elsewhere.
 */
export async function readAvatar(nodes: Nodes, account: Account): Promise<Picture | undefined> {
  const latest = nodes.node(account, avatarMetadataNode)?.entries.at(-1);
  if (latest === undefined) return undefined;
  const [item] = await nodes.read(account, avatarMetadataNode, [latest]);
  for (const { id, type } of formatsIn(item?.payload)) {
    const [found] = await nodes.items(account, avatarDataNode, [id]);
    const picture = pictureIn(found?.payload, type);
    if (picture?.hash === id.toLowerCase()) return picture;
  }
  return undefined;
}

/** Changes with all that `readAvatar` depends on. */
export function avatarMark(nodes: Nodes, account: Account): string {
  return [avatarMetadataNode, avatarDataNode].map((id) => {
    const entries = nodes.node(account, id)?.entries ?? [];
    return entries.length === 0 ? "" : `${entries.length}@${entries.at(-1)?.at}`;
  }).join(" ");
}

/** Whether all who see the account's presence may have its avatar, and all who will. */
export function isForContacts(nodes: Nodes, account: Account): boolean {
  return [avatarMetadataNode, avatarDataNode].every((id) => {
    const model = nodes.config(account, id)?.access_model;
    return (model === "open" || model === "presence") && ![...nodes.people.affiliations(account, id).values()].includes("outcast");
  });
}

/** XEP-0398 section 7: whether this address may have both. */
export function mayHaveAvatar(nodes: Nodes, account: Account, from: Jid): boolean {
  return [avatarMetadataNode, avatarDataNode].every((id) => {
    const config = nodes.config(account, id);
    return config !== undefined && nodes.retrieveFault(account, { id, config }, from) === undefined;
  });
}

/** XEP-0398 section 3.2. The first half may have happened where this returns a fault. */
export function publishAvatar(nodes: Nodes, step: Step, account: Account, picture: Picture, publisher: Jid): Fault | undefined {
  const { hash: id, type, bytes, base64 } = picture;
  const publish = (node: string, payload: Element) => {
    // What everybody could see in the vCard can be seen by everybody here, unless the owner has chosen otherwise before.
    const options = nodes.node(account, node) === undefined ? ({ access_model: "open" } as const) : {};
    return nodes.publish(step, account, { node, id, payload, publisher, options });
  };
  const info = el("info", { bytes: String(bytes), id, type });
  const data = publish(avatarDataNode, el("data", { xmlns: avatarDataNode }, base64));
  const published = "fault" in data ? data : publish(avatarMetadataNode, el("metadata", { xmlns: avatarMetadataNode }, info));
  return "fault" in published ? published : undefined;
}

/** XEP-0084 section 3.5. */
export function withdrawAvatar(nodes: Nodes, step: Step, account: Account, publisher: Jid): Fault | undefined {
  const published = nodes.publish(step, account, { node: avatarMetadataNode, payload: el("metadata", { xmlns: avatarMetadataNode }), publisher });
  return "fault" in published ? published : undefined;
}

/** XEP-0398 section 3.1: those that are not elsewhere, the format that everybody can show first (XEP-0084 section 4.2.1). */
function formatsIn(metadata: Element | undefined): readonly { readonly id: string; readonly type: string }[] {
  if (metadata?.name !== "metadata" || metadata.getNS() !== avatarMetadataNode) return [];
  const formats = new Map<string, string>();
  for (const { attrs } of metadata.getChildren("info", avatarMetadataNode)) {
    const { id, type = "", url } = attrs as Readonly<Record<string, string | undefined>>;
    if (id !== undefined && url === undefined && /^[0-9a-f]{40}$/i.test(id) && !formats.has(id)) formats.set(id, type);
    if (formats.size === avatarFormatsMax) break;
  }
  const isPng = ({ type }: { readonly type: string }) => type.toLowerCase() === "image/png";
  const all = [...formats].map(([id, type]) => ({ id, type }));
  return [...all.filter(isPng), ...all.filter((format) => !isPng(format))];
}

function pictureIn(data: Element | undefined, type: string): Picture | undefined {
  return data?.name === "data" && data.getNS() === avatarDataNode ? readPicture(data.getText(), type) : undefined;
}
