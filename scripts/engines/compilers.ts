/** Puts texts to Tint (Dawn) and to naga (wgpu, Firefox), each in a process of its own, and tells refusals from known lacks. */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Compiled, Progress } from './compile-all.ts';

const COMPILE_ALL = fileURLToPath(new URL('./compile-all.ts', import.meta.url));

/** Told now and then how many texts a compiler has seen. */
export type OnProgress = (compiled: number) => void;

/** What Tint says of texts, on Dawn's null backend. */
export const compileWithTint = (codes: readonly string[], onProgress: OnProgress = () => {}): Promise<Compiled> =>
  compile(process.execPath, [COMPILE_ALL], {}, codes, onProgress);

/** Deno as npm run engines:naga installs it; undefined where it is not installed. */
export function findDeno(): string | undefined {
  const platform = `${process.platform}-${process.arch}${process.platform === 'linux' ? '-glibc' : ''}`;
  const name = process.platform === 'win32' ? 'deno.exe' : 'deno';
  const path = fileURLToPath(new URL(`../naga/node_modules/@deno/${platform}/${name}`, import.meta.url));
  return existsSync(path) ? path : undefined;
}

/** What naga says of texts, on the driver that `env` leads to. */
export const compileWithNaga = (
  deno: string,
  env: Record<string, string>,
  codes: readonly string[],
  onProgress: OnProgress = () => {},
): Promise<Compiled> => {
  const flags = ['--allow-all', '--no-lock', '--no-config', '--unstable-webgpu'];
  return compile(deno, ['run', ...flags, COMPILE_ALL], { ...env, DENO_NO_PACKAGE_JSON: '1' }, codes, onProgress);
};

/**
 * The feature for want of which naga refuses a text, or undefined where it should take it: naga does not know subgroups
 * (gfx-rs/wgpu#5555) nor subgroup matrices, and f16 needs a driver that has it.
 */
export function nagaLacks(code: string, features: readonly string[]): string | undefined {
  const enabled = [...code.matchAll(/^enable (\w+);/gm)].map(([, name]) => name);
  if (enabled.includes('chromium_experimental_subgroup_matrix')) return 'subgroup matrices';
  if (enabled.includes('subgroups')) return 'subgroups';
  return enabled.includes('f16') && !features.includes('shader-f16') ? 'f16 of the driver' : undefined;
}

/** Passes on what comes of a compiler's progress, once in so many milliseconds, by default a minute. */
export function seldom(
  print: OnProgress,
  milliseconds = 60_000,
  now: () => number = () => performance.now(),
): OnProgress {
  let last = now();
  return (compiled) => {
    if (now() - last < milliseconds) return;
    last = now();
    print(compiled);
  };
}

async function compile(
  program: string,
  args: readonly string[],
  env: Record<string, string>,
  codes: readonly string[],
  onProgress: OnProgress,
): Promise<Compiled> {
  const child = spawn(program, args, { env: { ...process.env, ...env } });
  child.stdin.end(JSON.stringify(codes));
  let compiled: Compiled | undefined;
  const [complaints] = await Promise.all([
    text(child.stderr),
    (async () => {
      for await (const line of createInterface({ input: child.stdout })) {
        if (!line.startsWith('{"')) continue;
        const told = JSON.parse(line) as Progress | Compiled;
        if ('compiled' in told) onProgress(told.compiled);
        else compiled = told;
      }
    })(),
  ]);
  if (compiled === undefined) {
    throw new Error(complaints.trim().split('\n').at(-1) || 'the compiler gave no answer');
  }
  return compiled;
}
