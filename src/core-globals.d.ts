/** The few globals that every host has (Node, browsers, workers), declared here so that the core needs neither DOM nor Node types. */
declare const performance: { now(): number };
declare const crypto: { subtle: { digest(name: string, data: Uint8Array): Promise<ArrayBuffer> } };
declare function setTimeout(callback: () => void, milliseconds: number): unknown;
declare function clearTimeout(handle: unknown): void;
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean });
  decode(bytes: Uint8Array): string;
}
declare function btoa(text: string): string;
declare function atob(text: string): string;
