/** What is a plan of a world, for plans that come from a file, and for the smaller ones that are made of a failing one. */
import { z } from "zod";
import type { Happening, WorldPlan } from "../world/plan.ts";

/** Milliseconds: a day. */
const lengthMsMax = 24 * 60 * 60 * 1_000;

const natural = z.int().min(0);
const leastAndMost = z.tuple([natural, natural]).refine(([least, most]) => least <= most, "the least is more than the most").readonly();

const happening: z.ZodType<Happening> = z.strictObject({
  at: natural,
  kind: z.enum(["act", "use", "room", "misbehave", "link", "server"]),
  device: natural,
  choice: natural,
});

export const planSchema: z.ZodType<WorldPlan> = z
  .strictObject({
    seed: natural,
    accounts: z.int().min(1).max(1_000),
    devices: z.array(z.int().min(1).max(10)).readonly(),
    lengthMs: natural.max(lengthMsMax),
    network: z.strictObject({ delayMs: leastAndMost }),
    disk: z.strictObject({ commitMs: leastAndMost }),
    rooms: natural.max(3).exactOptional(),
    isCrowd: z.boolean().exactOptional(),
    happenings: z.array(happening).readonly(),
  })
  .refine(({ accounts, devices }) => devices.length === accounts, "devices: one number for each account")
  .refine(({ devices, happenings }) => happenings.every(({ device }) => device < deviceCount(devices)), "happenings: there is no such device")
  .refine(({ happenings }) => happenings.every(({ at }, i) => i === 0 || happenings[i - 1]!.at <= at), "happenings: not in the order of time")
  .refine(({ happenings, lengthMs }) => (happenings.at(-1)?.at ?? 0) <= lengthMs, "happenings: after the world's end");

export function deviceCount(devices: readonly number[]): number {
  return devices.reduce((sum, count) => sum + count, 0);
}
