/** Dawn without any GPU: its null backend knows every feature, validates and compiles, and runs nothing. */

import { spawnSync } from 'node:child_process';

/**
 * What `code`, a function's body, returns in a process of its own. It sees Dawn's `globals` (the classes of its objects),
 * an `adapter` with every feature, and the `input`; both ways go through JSON.
 */
export function onNullBackend<T>(code: string, input: unknown = null): T {
  const script = `
import { readFileSync } from 'node:fs';
import { create, globals } from 'webgpu';
Object.assign(globalThis, globals);
const gpu = globalThis.gpu = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
const adapter = globalThis.adapter = await gpu.requestAdapter();
const input = JSON.parse(readFileSync(0, 'utf8'));
const result = await (async () => {${code}})();
// The compiler's warnings come on standard output as well.
process.stdout.write(\`\\n\${JSON.stringify(result)}\`, () => process.exit(0));`;
  const { stdout, stderr, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    input: JSON.stringify(input),
    encoding: 'utf8',
    cwd: import.meta.dirname,
    maxBuffer: 2 ** 28,
  });
  try {
    return JSON.parse(stdout.split('\n').at(-1) ?? '') as T;
  } catch {
    throw new Error(`the null backend gave no answer: ${signal} ${stderr}`);
  }
}
