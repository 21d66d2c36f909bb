/** How long a sample of a case aims to run, and how many whole KV groups that is. */

import type { Contender } from '../host/pool.ts';
import { flops } from '../problem/flops.ts';
import type { Workload } from '../problem/workload.ts';

/** Samples that a contender's share of the budget should give, warm-up included. */
const SAMPLES_AIMED_AT = 24;
const SHORTEST_SAMPLE = 0.02;
const LONGEST_SAMPLE = 2;

/** Seconds that a sample of each of so many contenders aims at, within the seconds of a case. */
export function sampleSecondsFor(budgetSeconds: number, contenders: number): number {
  const shareSeconds = budgetSeconds / Math.max(1, contenders);
  return Math.min(LONGEST_SAMPLE, Math.max(SHORTEST_SAMPLE, shareSeconds / SAMPLES_AIMED_AT));
}

/** Seconds of a case in which samples of so many contenders aim at so many seconds. */
export const caseSecondsFor = (sampleSeconds: number, contenders: number) =>
  sampleSeconds * SAMPLES_AIMED_AT * contenders;

/** FLOP/s to size the whole heads of a sample by, where a peer decides what can be run: of a server's CPU, and of one that emulates a GPU. */
const PEER_RATE = 1.5e11;
const SOFTWARE_PEER_RATE = 1e9;
/** Whether it runs on a device that software emulates. */
export const onSoftware = ({ target }: Contender) => target.state === 'open' && target.environment.device.software;

/** Whole KV groups that take about `seconds`: at least one, at most all. */
export function groupsFor(w: Workload, seconds: number, software: boolean): number {
  const groups = w.batch * w.kvHeads;
  return Math.max(
    1,
    Math.min(groups, Math.round(((software ? SOFTWARE_PEER_RATE : PEER_RATE) * seconds * groups) / flops(w))),
  );
}
