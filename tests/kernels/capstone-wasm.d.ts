/** What is used of capstone-wasm, whose package does not lead to its own declarations. */

declare module 'capstone-wasm' {
  export const Const: { CS_ARCH_X86: number; CS_MODE_64: number };
  export function loadCapstone(): Promise<void>;
  export class Capstone {
    constructor(arch: number, mode: number);
    disasm(code: Uint8Array, options: { address: number }): { mnemonic: string; opStr: string }[];
  }
}
