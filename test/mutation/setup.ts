import fc from "fast-check";

// A mutant that one run kills is to be killed by the next.
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: 1 });
