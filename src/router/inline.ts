/** What extensions add to a login that binds a resource (XEP-0386). */
import type { Account } from "../domain/account.ts";
import type { PreparedBinding } from "../session/environment.ts";
import type { Element } from "../xml/element.ts";
import type { Extension, House, InlineBinding } from "./extension.ts";

type Offered = InlineBinding & { readonly feature: string };

/** What clients may want, as it is announced. */
export function offeredInline(extensions: readonly Extension[], house: House): readonly Offered[] {
  return extensions.flatMap(({ inlineBinding }) => {
    const { feature, offered } = inlineBinding ?? {};
    return inlineBinding === undefined || feature === undefined || offered?.(house) === false ? [] : [{ ...inlineBinding, feature }];
  });
}

/** Asks all that want to know something before; one that fails, or that is not done in time, goes without. Never rejects. */
export async function prepareBinding(extensions: readonly Extension[], house: House, account: Account, within: (asked: Promise<unknown>) => Promise<unknown>): Promise<PreparedBinding> {
  const asked = extensions.flatMap(({ name, inlineBinding }) => (inlineBinding?.prepare === undefined ? [] : [{ name, prepare: inlineBinding.prepare }]));
  const prepared = await Promise.all(
    asked.map(async ({ name, prepare }) => {
      try {
        let done: Awaited<ReturnType<typeof prepare>>;
        await within(prepare({ account, house }).then((found) => (done = found)));
        return done;
      } catch (error) {
        house.log.error({ err: error, extension: name, jid: account.bare }, "an extension failed over an account that a resource is bound of");
        return undefined;
      }
    }),
  );
  return (step, session, wishes) => {
    const found = prepared.flatMap((bound) => bound?.({ step, session, house }) ?? []);
    const granted = wishes.flatMap((element): readonly Element[] => {
      const enabling = offeredInline(extensions, house).find(({ feature }) => feature === element.attrs["xmlns"]);
      const result = enabling?.enable?.({ step, session, element, house });
      return result === undefined ? [] : [result];
    });
    return [...found, ...granted];
  };
}
