/** Files of extensions import `refrain/extension` wherever they are: they get that of the server that loads them. */
import * as nodeModule from "node:module";
import { pathToFileURL } from "node:url";

const contract = "refrain/extension";

let isOffered = false;

/** For the whole process, from now on. */
export function offerContract(): void {
  if (isOffered) return;
  isOffered = true;
  const url = pathToFileURL(nodeModule.createRequire(import.meta.url).resolve(contract)).href;
  const { registerHooks } = nodeModule as { readonly registerHooks?: (hooks: { readonly resolve: ResolveHook }) => unknown };
  if (registerHooks !== undefined) {
    registerHooks({ resolve: (specifier, context, next) => (specifier === contract ? { url, shortCircuit: true } : next(specifier, context)) });
    return;
  }
  // Before Node 22.15 hooks run in a thread of their own and are a module.
  const hook = `export const resolve = (specifier, context, next) =>
    specifier === ${JSON.stringify(contract)} ? { url: ${JSON.stringify(url)}, shortCircuit: true } : next(specifier, context);`;
  nodeModule.register(`data:text/javascript,${encodeURIComponent(hook)}`);
}

type ResolveHook = (specifier: string, context: object, next: (specifier: string, context: object) => object) => object;
