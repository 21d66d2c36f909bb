/** The help: every command within 80 columns, every option under a heading, and the lists that stand in for the registries. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { INSTRUCTION_SETS } from '../../kernels/device.ts';
import { ALL_KERNELS, KERNELS } from '../../kernels/index.ts';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { createProgram } from '../../src/cli/main.ts';
import { BACKEND_NAMES, HIDDEN_KERNEL_NAMES, KERNEL_NAMES, VARIANT_NAMES } from '../../src/cli/options/names.ts';
import { WASM_VARIANTS } from '../../src/host/cpu/wasm-variants.ts';
import { backendName } from '../../src/record/backend.ts';
import { bench, LAUNCHER } from './bench.ts';

const NAMES = COMMANDS.flatMap(({ commands }) => commands.map(({ name }) => name));

/** Options of bench mha and bench gqa: the design fixes them. */
const FLAGS = `--seq --seq-kv --batch --total-tokens --heads --kv-heads --model --head-dim --head-dim-v --causal --window --dtype
  --scale --softcap --sinks --alibi
  --kernel --backend --variant --native --tiles --host --browser --connect --adapter --allow-software --threads --limits --label
  --budget --samples --processes --sustain --full --seed --baseline --published --format --output --chart --no-chart --results --dry-run
  --quiet --wide`;

describe('the help', async () => {
  const program = await createProgram(NAMES, () => {});
  const commands = program.commands.flatMap((command) => [command, ...command.commands]);

  it.each([program, ...commands].map((command) => [command.name(), command] as const))(
    'of %s fits 80 columns and has every option under a heading',
    (_, command) => {
      const text = command.helpInformation();
      expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
      expect(text).not.toContain('display help');
      expect(command.options.filter(({ helpGroupHeading }) => helpGroupHeading === undefined)).toEqual([]);
      expect(command.description()).toMatch(/[.k]$/);
      expect(text).not.toMatch(/default: (null|false|")/);
    },
  );

  it.each(['mha', 'gqa'])('of %s names every option of the design once', (name) => {
    const command = commands.find((item) => item.name() === name);
    const flags = command?.options.map(({ long }) => long);
    expect(flags?.toSorted()).toEqual(FLAGS.split(/\s+/).toSorted());
  });

  it('lists every command with a line about it, without loading their files', async () => {
    const listed = await bench(['--help']);
    expect(listed).toMatchObject({ code: 0, stderr: '' });
    for (const name of NAMES) expect(listed.stdout).toMatch(new RegExp(`^ {2}${name} +\\S`, 'm'));
    const bare = await createProgram([], () => {});
    expect(bare.commands.flatMap(({ options }) => options)).toEqual([]);
  });

  it('loads names and summaries only: no option, no action, no kernel', async () => {
    const hook = `import { registerHooks } from 'node:module';
      registerHooks({ load(url, context, next) { process.stderr.write(url + '\\n'); return next(url, context); } });`;
    const args = ['--import', `data:text/javascript,${encodeURIComponent(hook)}`, LAUNCHER, '--help'];
    const { stderr } = await promisify(execFile)(process.execPath, args);
    const own = stderr.split('\n').filter((url) => url.startsWith('file:') && !url.includes('node_modules'));
    expect(own.map((url) => url.replace(/.*\/(?=src\/)/, '')).toSorted()).toEqual([
      'src/cli/command-line.ts',
      'src/cli/commands/index.ts',
      'src/cli/help.ts',
      'src/cli/launch.js',
      'src/cli/main.ts',
      'src/cli/terminal/closed-streams.ts',
      'src/cli/versions.ts',
      'src/messages/errors.ts',
      'src/messages/input.ts',
      'src/messages/notices.ts',
    ]);
  });

  it('of a command is the same by either way of asking', async () => {
    const [one, other] = [await bench(['suite', '--help']), await bench(['help', 'suite'])];
    expect(one.stdout).toContain('peers-webgpu');
    expect(other.stdout).toBe(one.stdout);
  });
});

describe('names that options take without loading a kernel', () => {
  it('are those of the registries', () => {
    expect(KERNEL_NAMES).toEqual(KERNELS.map(({ name }) => name));
    expect([...KERNEL_NAMES, ...HIDDEN_KERNEL_NAMES]).toEqual(ALL_KERNELS.map(({ name }) => name));
    expect(BACKEND_NAMES).toEqual([...new Set(KERNELS.map(backendName))]);
    expect(VARIANT_NAMES).toEqual([...WASM_VARIANTS, ...INSTRUCTION_SETS]);
  });
});
