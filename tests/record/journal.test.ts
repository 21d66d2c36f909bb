/** The journal where its file cannot be written: what is in it stays a record, and what is missing comes later where it can. */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parseRunFile } from '../../src/compare/run-file.ts';
import { createJournal } from '../../src/record/journal.ts';
import { measured, runOf } from '../runs.ts';

/** Bytes that the disk still takes of what is appended. */
const disk = vi.hoisted(() => ({ free: Number.POSITIVE_INFINITY, header: Number.POSITIVE_INFINITY, code: 'ENOSPC' }));
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const full = () => Object.assign(new Error('it cannot be written'), { code: disk.code });
  return {
    ...fs,
    appendFileSync(path: string, text: string) {
      const fits = Buffer.from(text).subarray(0, disk.free);
      fs.appendFileSync(path, fits);
      disk.free -= fits.length;
      if (fits.length < Buffer.byteLength(text)) throw full();
    },
    writeFileSync(path: string, text: string) {
      if (Buffer.byteLength(text) > disk.header) throw full();
      fs.writeFileSync(path, text);
    },
  };
});

const { context } = runOf([]);
const POINT = measured({ seqQuery: 512 });
const fresh = () => mkdtempSync(join(tmpdir(), 'attnbench-journal-'));
const pointsIn = (path: string) => parseRunFile(readFileSync(path, 'utf8'), path, 'avo').measurements.length;

describe('a journal', () => {
  afterEach(() => {
    disk.free = Number.POSITIVE_INFINITY;
    disk.header = Number.POSITIVE_INFINITY;
    disk.code = 'ENOSPC';
  });

  it('keeps what it has where its folder becomes read-only, and gets the rest once it can be written', () => {
    const journal = createJournal(fresh(), 'mha', context);
    journal.append(POINT);
    Object.assign(disk, { free: 0, header: 0, code: 'EROFS' });
    journal.append(POINT);
    journal.cancel();
    expect(journal.problem()).toBe('EROFS');
    expect(pointsIn(journal.path)).toBe(1);
    Object.assign(disk, { free: Number.POSITIVE_INFINITY, header: Number.POSITIVE_INFINITY });
    journal.append(POINT);
    expect(journal.problem()).toBeNull();
    expect(pointsIn(journal.path)).toBe(3);
  });

  it('keeps whole lines on a full disk, and gets what is missing once there is room', () => {
    const journal = createJournal(fresh(), 'mha', context);
    journal.append(POINT);
    disk.free = 100;
    journal.append(POINT);
    expect(journal.problem()).toBe('ENOSPC');
    expect(readFileSync(journal.path, 'utf8')).toMatch(/\n$/);
    expect(pointsIn(journal.path)).toBe(1);
    disk.free = Number.POSITIVE_INFINITY;
    journal.append(POINT);
    expect(journal.problem()).toBeNull();
    expect(pointsIn(journal.path)).toBe(3);
  });

  it('leaves no empty file where the disk is full from the start', () => {
    const folder = fresh();
    disk.header = 10;
    expect(() => createJournal(folder, 'mha', context)).toThrow(/cannot write to .* \(ENOSPC\)/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is made anew with its first line and all points where its folder was deleted', () => {
    const folder = fresh();
    const journal = createJournal(folder, 'mha', context);
    journal.append(POINT);
    rmSync(folder, { recursive: true });
    journal.append(POINT);
    expect(journal.problem()).toBeNull();
    expect(pointsIn(journal.path)).toBe(2);
  });

  it('throws nothing where its folder cannot be made again', () => {
    const folder = fresh();
    const journal = createJournal(join(folder, 'runs'), 'mha', context);
    rmSync(join(folder, 'runs'), { recursive: true });
    writeFileSync(join(folder, 'runs'), 'a file');
    journal.append(POINT);
    expect(journal.problem()).toBe('ENOTDIR');
    journal.cancel();
    expect(journal.problem()).toBe('ENOTDIR');
    expect(readdirSync(folder)).toEqual(['runs']);
  });

  it('marks an interrupted run, and on a full disk leaves the record as it was', () => {
    const journal = createJournal(fresh(), 'mha', context);
    journal.append(POINT);
    disk.header = 10;
    journal.cancel();
    expect(journal.problem()).toBe('ENOSPC');
    expect(existsSync(`${journal.path}.new`)).toBe(false);
    expect(pointsIn(journal.path)).toBe(1);
    disk.header = Number.POSITIVE_INFINITY;
    journal.cancel();
    expect(readFileSync(journal.path, 'utf8')).toContain('"cancelled":true');
    expect(pointsIn(journal.path)).toBe(1);
  });

  it('has a file of its own where two runs begin in the same second', () => {
    const folder = fresh();
    const journals = [1, 2, 3].map(() => createJournal(folder, 'mha', context));
    for (const journal of journals) journal.append(POINT);
    expect(readdirSync(folder).sort()).toEqual(['mha-2.jsonl', 'mha-3.jsonl', 'mha.jsonl']);
    for (const journal of journals) expect(pointsIn(journal.path)).toBe(1);
  });
});
