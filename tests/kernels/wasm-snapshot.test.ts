/** wasm-flash whole, as it is for one small case. */

import { expect, it } from 'vitest';
import { TYPICAL_DEVICE } from '../../kernels/typical-device.ts';
import { wasmFlash } from '../../kernels/wasm/flash.ts';
import { workload } from '../workloads.ts';

it('wasm-flash at head dimension 64 is as it was (vitest -u writes it anew)', async () => {
  const program = wasmFlash.build(workload({ headDim: 64, seqQuery: 64 }), TYPICAL_DEVICE);
  await expect(program.kind === 'wasm' && program.text).toMatchFileSnapshot('snapshots/wasm-flash-d64.wat');
});
