/** From WebAssembly text to a compiled module, by the assembler of wabt. */

import wabt from 'wabt';
import type { WasmProgram } from '../../../kernels/kernel.ts';

/** True where the engine compiles relaxed SIMD: the smallest module that uses it validates. */
export async function hasRelaxedSimd(): Promise<boolean> {
  const text =
    '(module (func (param v128) (result v128) (f32x4.relaxed_madd (local.get 0) (local.get 0) (local.get 0))))';
  return WebAssembly.validate(await assemble(text));
}

/** Compiles programs, each text once. */
export function createCompiler(): (program: WasmProgram) => Promise<WebAssembly.Module> {
  const known = new Map<string, WebAssembly.Module>();
  return async (program) => {
    let module = known.get(program.text);
    if (module === undefined) {
      module = await WebAssembly.compile(await assemble(program.text));
      known.set(program.text, module);
    }
    return module;
  };
}

/** The binary of a text. Throws with wabt's message, which has the line, where the text is wrong. */
async function assemble(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const { parseWat } = await wabt();
  const module = parseWat('kernel.wat', text, { simd: true, relaxed_simd: true, threads: true });
  try {
    return new Uint8Array(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}
