/** bench mha and bench gqa: one workload or a sweep. */

import type { Command } from 'commander';
import { cases } from '../../problem/cases.ts';
import { presetAxes, summarizeSizes } from '../../problem/sweep.ts';
import type { Finish } from '../finish.ts';
import { addRunOptions, addShapeOptions, readRunOptions, readWorkloads } from '../options.ts';

const BUDGET_SECONDS = 30;

export function addAttentionCommand(program: Command, name: 'mha' | 'gqa', finish: Finish): void {
  const preset = presetAxes(name);
  const what = name === 'mha' ? 'multi-head attention' : 'grouped-query attention, 32 query heads over 4 KV heads';
  const command = program.command(name).description(`measure ${what}; every option that takes a list is a sweep`);
  addRunOptions(addShapeOptions(command, preset), BUDGET_SECONDS).action(async (raw) => {
    const workloads = readWorkloads(raw, preset);
    const options = readRunOptions(raw, BUDGET_SECONDS);
    const { runCases } = await import('../actions/run.ts');
    const sizes = summarizeSizes(workloads.map(({ seqQuery }) => seqQuery));
    finish(await runCases(`${name}-${sizes}`, cases(workloads), options, raw.kernel !== undefined));
  });
}
