/** The text of bench kernels. */

import { ALL_KERNELS } from '../../../kernels/index.ts';
import { whyNoMachineCode } from '../../host/node/x64/ffi.ts';
import { notHere } from '../../messages.ts';
import { backendName } from '../../record/backend.ts';
import { formatColumns } from '../../report/columns.ts';
import { widthOf } from '../terminal/output.ts';

/** Every kernel with its backend and a line about it. */
export function listKernels(format: 'table' | 'json'): string {
  const rows = ALL_KERNELS.map((kernel) => ({
    name: kernel.name,
    backend: backendName(kernel),
    summary: kernel.summary,
  }));
  if (format === 'json') return `${JSON.stringify(rows, null, 2)}\n`;
  const body = rows.map(({ name, backend, summary }) => [name, backend, summary]);
  const table = formatColumns(['kernel', 'backend', 'how it works'], body, widthOf());
  const why = whyNoMachineCode();
  return why === undefined ? table : `${table}\n${notHere('native', why)}\n`;
}
