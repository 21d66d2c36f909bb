/** What is said of machine code: that it runs, and why it does not. */

export const machineCodeSays = {
  runs: (set: string, reason: string) =>
    `x64-flash runs as machine code of ${set} (${reason}); --native off leaves it out.`,
  off: 'machine code is turned off by --native off',
  otherSystem: (system: string) =>
    `machine code is emitted for Linux on x86-64 only, and this is ${system}; WebAssembly runs here`,
  noFfi: (version: string) =>
    `machine code is called through node:ffi, which Node ${version} lacks; use Node 26.1 or later, or WebAssembly, which runs here`,
  noAvx2: 'the CPU, or the system, has no AVX2 with fused multiply-adds; WebAssembly runs here',
  noAvx512: 'the CPU, or the system, has no AVX-512 (F, DQ, BW, VL); use avx2',
};
export const notHere = (backend: string, why: string) => `Kernels of the backend ${backend} do not run here: ${why}.`;
export const unsupportedAmx =
  'the CPU, or the system, has no AMX (AMX-TILE and AMX-BF16; states 17 and 18 of XCR0, permitted by arch_prctl); x64-flash takes bf16 with AVX512_BF16';
export const unsupportedBf16 = 'the CPU has no AVX512_BF16; use --dtype f32';
export const noMachineCodeInBrowser = 'a browser runs no machine code from outside; Node does';
export const noPlaceForCode = (why: string) =>
  `machine code needs a folder that can be written, and neither the cache folder nor a temporary one can (${why}); set XDG_CACHE_HOME or TMPDIR`;
