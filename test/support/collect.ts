/** Garbage collection on request, for tests of what is kept: what is merely not collected yet is nobody's fault. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");

/** Collects now. What is freed so may be given back a little later, by another thread. */
export const collect = runInNewContext("gc") as () => void;
