/** Machine code on an emulated CPU with AMX (Bochs 2.8 or later), with no system under it. */

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CALL_BYTES } from '../../kernels/x64/call.ts';
import { encode } from '../../src/host/node/x64/encode.ts';
import { attend, type Head, outputOf } from '../../tests/kernels/x64/one-head.ts';

/** How Bochs is started: a command, and the folder of a Debian package's files where it is not installed. */
export interface Bochs {
  command: string[];
  root: string;
}

/** Where the table of calls is loaded (boot.s). */
const BASE = 0x100000;
const PAGE = 4096;
/** Bytes for the call block of each call. */
const BLOCK = 512;
const MOST_CALLS = 128;
const pages = (bytes: number) => Math.ceil(bytes / PAGE) * PAGE;

/** Runs a head on the emulated CPU; its output rows. Throws with what Bochs said where it comes to no end. */
export function runInBochs(bochs: Bochs, head: Head, folder: string): Float32Array[] {
  const { bytes, labels } = encode(head.program.code);
  const headAt = PAGE + pages(bytes.length);
  const blocksAt = headAt + pages(head.image.length);
  const image = new Uint8Array(blocksAt + MOST_CALLS * BLOCK);
  image.set(bytes, PAGE);
  image.set(head.image, headAt);
  const table = new DataView(image.buffer);
  const memory = new DataView(image.buffer, headAt, head.image.length);
  let calls = 0;
  // The calls are not made here: each is listed with a copy of its call block.
  attend(head, memory, BigInt(BASE + headAt), (name) => {
    const block = blocksAt + calls * BLOCK;
    image.copyWithin(block, headAt + head.at.call, headAt + head.at.call + CALL_BYTES);
    table.setBigUint64(24 + 16 * calls, BigInt(BASE + PAGE + (labels.get(name) as number)), true);
    table.setBigUint64(32 + 16 * calls, BigInt(BASE + block), true);
    calls += 1;
  });
  const written = head.at.packedK - head.at.o;
  for (const [i, value] of [calls, BASE + headAt + head.at.o, written].entries()) {
    table.setBigUint64(8 * i, BigInt(value), true);
  }
  const output = Buffer.from(emulate(bochs, image, folder), 'hex');
  if (output.length !== written) throw new Error(`${output.length} bytes came back, not ${written}`);
  new Uint8Array(memory.buffer, headAt + head.at.o, written).set(output);
  return outputOf(head, memory);
}

/** Runs an image from the reset on; the bytes that it writes, in hexadecimal. */
function emulate({ command, root }: Bochs, image: Uint8Array, folder: string): string {
  const file = (name: string) => join(folder, name);
  if (!existsSync(file('boot.bin'))) {
    execFileSync('as', ['--64', join(import.meta.dirname, 'boot.s'), '-o', file('boot.o')]);
    execFileSync('ld', ['-Ttext=0', '--oformat', 'binary', '-e', '0', file('boot.o'), '-o', file('boot.bin')]);
  }
  writeFileSync(file('image.bin'), image);
  // In one block of memory: an image that crosses blocks is not loaded whole.
  const settings = [
    'memory: guest=64, host=64, block_size=8192',
    'cpu: model=sapphire_rapids, count=1, ips=50000000, reset_on_triple_fault=0',
    `romimage: file=${file('boot.bin')}, address=0xffff0000`,
    `vgaromimage: file=${root}/usr/share/vgabios/vgabios.stdvga.bin`,
    `optramimage1: file=${file('image.bin')}, address=0x${BASE.toString(16)}`,
    'port_e9_hack: enabled=1',
    'display_library: rfb, options="timeout=0"',
    `log: ${file('bochs.log')}`,
    'panic: action=fatal',
  ];
  writeFileSync(file('settings'), `${settings.join('\n')}\n`);
  writeFileSync(file('debugger'), 'c\n');
  const [program = '', ...first] = command;
  const { stdout, stderr } = spawnSync(program, [...first, '-q', '-f', file('settings'), '-rc', file('debugger')], {
    encoding: 'latin1',
    input: '',
    timeout: 300_000,
    maxBuffer: 2 ** 30,
    env: {
      ...process.env,
      LTDL_LIBRARY_PATH: `${root}/usr/lib/x86_64-linux-gnu/bochs/plugins`,
      BXSHARE: `${root}/usr/share/bochs`,
    },
  });
  const found = /<([0-9a-f]*)>/.exec(stdout)?.[1];
  if (found === undefined) throw new Error(`Bochs came to no end: ${stdout.slice(-500)}${stderr.slice(-500)}`);
  return found;
}
