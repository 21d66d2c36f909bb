/** What the tests use of capstone-wasm, whose own declarations its package does not export. */

declare module 'capstone-wasm' {
  export const Const: { CS_ARCH_X86: number; CS_MODE_64: number };
  export function loadCapstone(): Promise<void>;
  export class Capstone {
    constructor(architecture: number, mode: number);
    disasm(bytes: Uint8Array, options: { address: number }): { mnemonic: string; opStr: string }[];
  }
}
