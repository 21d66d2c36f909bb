/** The work of bench doctor: every check, a line for each, and what can be measured here. */

import { availableMemory } from 'node:process';
import { styleText } from 'node:util';
import { counted } from '../../format.ts';
import { doctorSays } from '../../messages.ts';
import { wrapText } from '../../report/columns.ts';
import type { Check, CheckState } from '../doctor/check.ts';
import { checkCpu, checkLoad, checkMemory } from '../doctor/cpu.ts';
import { checkGpu } from '../doctor/gpu.ts';
import { checkBrowser, checkCache, checkNode, checkPng, checkResults } from '../doctor/install.ts';
import { widthOf } from '../terminal/output.ts';
import { ownEngines, versions } from '../versions.ts';

/** What the checks found. */
export interface Diagnosis {
  versions: Record<string, string>;
  /** What kernels can be measured on: "NVIDIA H100", "2 threads of machine code", "JavaScript". */
  canMeasure: string[];
  /** Their backends. */
  backends: ('webgpu' | 'native' | 'wasm' | 'scalar')[];
  checks: Check[];
}

/** The most columns of a line. */
const WIDTH = 80;

/** Checks everything and prints it; 1 where nothing can be measured. */
export async function diagnose(format: 'table' | 'json', results: string): Promise<number> {
  const diagnosis = await examine(results);
  process.stdout.write(
    format === 'json'
      ? `${JSON.stringify(diagnosis, null, 2)}\n`
      : formatDiagnosis(diagnosis, Math.min(widthOf(), WIDTH)),
  );
  return diagnosis.canMeasure.length > 0 ? 0 : 1;
}

/** The state of this machine and of this install; `results` is the folder of records, null where it is told later. */
export async function examine(results: string | null): Promise<Diagnosis> {
  const found = versions();
  // Before the children: they keep the machine busy themselves.
  const load = await checkLoad();
  const [cpu, gpu] = [await checkCpu(), await checkGpu(found['webgpu'])];
  const checks = [
    checkNode(process.versions.node, ownEngines()),
    ...cpu.checks,
    ...gpu.checks,
    checkMemory(availableMemory()),
    load,
    ...(results === null ? [] : [checkResults(results)]),
    checkCache(),
    await checkPng(),
    checkBrowser(),
  ];
  const usable = checks.some(({ state }) => state === 'fails')
    ? []
    : [
        ...gpu.hardware.map((name) => ({ name, backend: 'webgpu' as const })),
        ...(cpu.machineCode === null
          ? []
          : [{ name: `${counted(cpu.machineCode, 'thread')} of machine code`, backend: 'native' as const }]),
        ...(cpu.threads === null
          ? []
          : [{ name: `${counted(cpu.threads, 'thread')} of WebAssembly`, backend: 'wasm' as const }]),
        ...(cpu.scalar ? [{ name: 'JavaScript', backend: 'scalar' as const }] : []),
      ];
  const canMeasure = usable.map(({ name }) => name);
  return { versions: found, canMeasure, backends: [...new Set(usable.map(({ backend }) => backend))], checks };
}

const COLOURS: Record<CheckState, 'green' | 'yellow' | 'red'> = { ok: 'green', warning: 'yellow', fails: 'red' };

/** A line for each check, broken where it is longer than `width`, and the answer below them. */
export function formatDiagnosis(
  { checks, canMeasure }: Pick<Diagnosis, 'checks' | 'canMeasure'>,
  width = WIDTH,
): string {
  const answer = canMeasure.length > 0 ? doctorSays.ready(canMeasure) : doctorSays.nothing;
  return `${formatChecks(checks, width)}\n${wrapText(answer, width).join('\n')}\n`;
}

/** A line for each check, broken where it is longer than `width`. */
export function formatChecks(checks: readonly Check[], width = WIDTH): string {
  const names = Math.max(...checks.map(({ name }) => name.length));
  const states = Math.max(...checks.map(({ state }) => state.length));
  const lines = checks.flatMap(({ name, state, text, advice }) => {
    const before = `${state.padEnd(states)}  ${name.padEnd(names)}  `;
    const [first = '', ...rest] = wrapText(
      `${before}${advice === null ? text : `${text}; ${advice}`}`,
      width,
      before.length,
    );
    return [styleText(COLOURS[state], first.slice(0, state.length)) + first.slice(state.length), ...rest];
  });
  return lines.map((line) => `${line}\n`).join('');
}
