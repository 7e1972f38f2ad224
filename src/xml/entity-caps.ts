/** How clients say what they can do: the hash of it in their presence (XEP-0115), and all of it when they are asked (XEP-0030). */
import type { EntityDescription, EntityForm, EntityIdentity } from "../domain/entity-caps.ts";
import { formNamespace } from "./data-form.ts";
import type { Element } from "./element.ts";
import { el } from "./stanza.ts";

const xmlns = "http://jabber.org/protocol/caps";
const info = "http://jabber.org/protocol/disco#info";

/** What a client says of itself in its presence. */
export interface CapabilitiesClaim {
  readonly node: string;
  readonly ver: string;
  /** Which hash `ver` is; undefined in the form of before version 1.4, where it is any text. */
  readonly hash: string | undefined;
}

/** undefined where it says nothing, or what nobody can ask for. */
export function claimOf(presence: Element): CapabilitiesClaim | undefined {
  const c = presence.getChild("c", xmlns);
  const [node, ver, hash] = ["node", "ver", "hash"].map((name) => c?.attrs[name] as string | undefined);
  if (node === undefined || ver === undefined || node === "" || ver === "") return undefined;
  if (node.length + ver.length + (hash?.length ?? 0) > claimCharsMax) return undefined;
  return { node, ver, hash: hash === "" ? undefined : hash };
}

/** The question what an entity is, or what it means by a node. */
export function descriptionRequest(node?: string): Element {
  return el("query", { xmlns: info, node });
}

/** What an entity answers; undefined for what is no description. */
export function descriptionOf(query: Element | undefined): EntityDescription | undefined {
  if (query?.name !== "query" || query.getNS() !== info) return undefined;
  return {
    identities: query.getChildren("identity").map(identityOf),
    features: query.getChildren("feature").map((feature) => textOf(feature, "var") ?? ""),
    forms: query.getChildren("x", formNamespace).map(formOf),
  };
}

/** The answer to such a question. XEP-0030 section 3.2: it names the node that was asked for. */
export function descriptionElement({ identities, features, forms = [] }: EntityDescription, node?: string): Element {
  return el(
    "query",
    { xmlns: info, node },
    ...identities.map(({ category, type, lang, name }) => el("identity", { category, type, "xml:lang": lang, name })),
    ...features.map((feature) => el("feature", { var: feature })),
    ...forms.map(({ fields }) =>
      el(
        "x",
        { xmlns: formNamespace, type: "result" },
        ...fields.map(({ var: name, type, values }) => el("field", { var: name, type }, ...values.map((value) => el("value", {}, value)))),
      ),
    ),
  );
}

function identityOf(identity: Element): EntityIdentity {
  const [lang, name] = [textOf(identity, "xml:lang"), textOf(identity, "name")];
  return {
    category: textOf(identity, "category") ?? "",
    type: textOf(identity, "type") ?? "",
    ...(lang === undefined ? {} : { lang }),
    ...(name === undefined ? {} : { name }),
  };
}

function formOf(form: Element): EntityForm {
  return {
    fields: form.getChildren("field").map((field) => {
      const type = textOf(field, "type");
      const values = field.getChildren("value").map((value) => value.getText());
      return { var: textOf(field, "var") ?? "", ...(type === undefined ? {} : { type }), values };
    }),
  };
}

function textOf(element: Element, attribute: string): string | undefined {
  return element.attrs[attribute] as string | undefined;
}

/** Characters of a claim. */
const claimCharsMax = 1_000;
