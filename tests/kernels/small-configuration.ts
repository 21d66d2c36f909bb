/** wgsl-flash with few threads that do little each: a text that can be read, and that a software adapter compiles in a second. */

import type { WgslConfiguration } from '../../kernels/wgsl/configuration.ts';

export const SMALL: WgslConfiguration = {
  ...{ threadRows: 2, threadColumns: 4, rows: 4, keys: 4 },
  ...{ chunk: 8, valueKeys: 4, unroll: 1, weightParts: 1 },
  ...{ rescale: 'always', values: 'after-softmax', layout: 'swizzled' },
};
