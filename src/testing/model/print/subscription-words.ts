/** The subscription as what a user and a contact say to each other through the user's server. */
import type { SubscriptionEffect, SubscriptionEvent } from "../../../../machines/subscription-events.ts";
import type { ModelWords, Said } from "./words.ts";

export const subscriptionWords: ModelWords = {
  self: "server",
  participants: ["user", "server", "contact"],
  event: (event) => eventSaid(event as SubscriptionEvent),
  effect: (effect) => effectSaid(effect as SubscriptionEffect),
};

function eventSaid({ type }: SubscriptionEvent): Said {
  const [direction, kind = ""] = type.split(".");
  if (direction !== "outbound" && direction !== "inbound") throw new Error(`an event without words: ${type}`);
  return { from: direction === "outbound" ? "user" : "contact", to: "server", text: `<presence> ${kind}` };
}

function effectSaid(effect: SubscriptionEffect): Said {
  const to = (whom: string, text: string): Said => ({ from: "server", to: whom, text });
  switch (effect.type) {
    case "route.stanza":
      return to("contact", "the user's stanza");
    case "deliver.stanza":
      return to("user", `the contact's stanza, to ${effect.to} resources`);
    case "push.item":
      return to("user", `roster push: subscription ${effect.subscription}${effect.ask ? ", asked" : ""}${effect.approved ? ", approved beforehand" : ""}`);
    case "show.presence":
      return to("contact", "the user's present presence");
    case "hide.presence":
      return to("contact", "unavailable presence of the user");
    case "store.request":
      return to("server", "keeps the contact's request");
    case "settle.request":
      return to("server", "forgets the contact's request");
    case "answer.contact":
      return to("contact", `<presence> ${effect.answer}, in the user's name`);
    default:
      throw new Error(`an effect without words: ${(effect as { readonly type: string }).type}`);
  }
}
