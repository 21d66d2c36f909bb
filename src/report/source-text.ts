/** The source text of a kernel's program, each pass under its name. */

import type { Kernel, Program } from '../../kernels/kernel.ts';
import { printAssembly } from '../../kernels/x64/text/print.ts';

/** The text of a program that `kernel` built. If the code is not part of the program, says in which file it stands. */
export function sourceText(program: Program, kernel: Kernel): string {
  switch (program.kind) {
    case 'wgsl':
      return program.passes.map(({ label, code }) => `// ${kernel.name}, pass: ${label}\n\n${code}`).join('\n');
    case 'wasm':
      return `${program.text}\n`;
    case 'x64':
      return printAssembly(program.code);
    case 'module':
      return kernel.library !== undefined
        ? `// ${kernel.name} is another library's own code; kernels/peers/${kernel.name.startsWith('ort-') ? 'ort-model.ts' : 'tfjs-attention.ts'} says with which of its operators\n`
        : `// ${kernel.name} is TypeScript: kernels/scalar/${program.entry.replace('scalar-', '')}.ts\n`;
    default:
      return program satisfies never;
  }
}
