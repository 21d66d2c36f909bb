/** The work of bench ceilings: the CPU, then the GPU, and a record that bench report draws under its measurements. */

import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { nodeTarget } from '../../host/node/targets.ts';
import { measureGpu } from '../../measure/gpu-ceilings.ts';
import { backendHasNo, messageOf, probeFailed, skipping, UsageError } from '../../messages.ts';
import { BACKEND_LABELS, type BackendName } from '../../record/backend.ts';
import { timeStamp } from '../../record/context.ts';
import { checkFolder, makeFolders } from '../../record/files.ts';
import { formatCeilings } from '../../report/ceilings-text.ts';
import { sayFile, widthOf } from '../terminal/output.ts';
import { versions } from '../versions.ts';
import { measureCpu } from './ceilings-cpu.ts';

/** What bench ceilings was asked for. */
interface CeilingsOptions {
  backend: BackendName | 'auto';
  adapter: string | null;
  allowSoftware: boolean;
  limits: Record<string, number>;
  format: 'table' | 'json';
  results: string;
}

/** Measures, keeps and prints the limits of the machine; 1 where a probe failed, or only the GPU was asked for and there is none. */
export async function measureCeilings(options: CeilingsOptions): Promise<number> {
  const { backend, adapter, allowSoftware, limits, format, results } = options;
  if (backend === 'peers' || backend === 'native') {
    throw new UsageError(backendHasNo(backend, 'ceilings', 'auto, wasm, scalar or webgpu'));
  }
  checkFolder(results);
  let failures = 0;
  const failed = (probe: string, error: unknown) => {
    failures += 1;
    process.stderr.write(`${probeFailed(probe, messageOf(error))}\n`);
  };
  const ceilings = backend === 'webgpu' ? [] : await measureCpu(availableParallelism(), failed);
  if (backend === 'auto' || backend === 'webgpu') {
    const target = await nodeTarget(
      { backend: 'webgpu' },
      {
        threads: null,
        variant: null,
        webgpu: { adapter, allowSoftware, limits },
      },
    );
    if (target.state === 'unavailable') {
      process.stderr.write(`${skipping(BACKEND_LABELS.webgpu, target.reason)}\n`);
      if (backend === 'webgpu') return 1;
    } else {
      ceilings.push(...(await measureGpu(target, failed)));
    }
  }
  const record = { versions: versions(), ceilings };
  const path = writeRecord(results, record);
  process.stdout.write(
    format === 'json' ? `${JSON.stringify(record, null, 2)}\n` : formatCeilings(ceilings, record.versions, widthOf()),
  );
  sayFile('Record:', path);
  return failures > 0 ? 1 : 0;
}

/** Puts the limits on disk; the path. */
function writeRecord(folder: string, record: object): string {
  makeFolders(folder);
  const path = join(folder, `ceilings-${timeStamp()}.json`);
  writeFileSync(path, `${JSON.stringify(record)}\n`);
  return path;
}
