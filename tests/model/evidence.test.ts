/** What-if beside published devices: whose gains stand there, and what the same forecast gives for them. */

import { describe, expect, it } from 'vitest';
import { DEVICE_CHANGES } from '../../src/compare/device-changes.ts';
import { B200 } from '../../src/model/chip.ts';
import { whatIf } from '../../src/model/what-if.ts';
import { formatWhatIf } from '../../src/report/what-if-text.ts';

const GB200 = { units: 152, clockHz: 2062e6 };

describe('the evidence beside a what-if', () => {
  it("has GB300's published gains over GB200 beside a changed rate of exponentials", () => {
    const { evidence } = whatIf({ exponentialsPerClock: 32 });
    expect(evidence.map(({ device, over }) => `${device} over ${over}`)).toEqual(['GB300 over GB200']);
    const gains = (mask: string) =>
      evidence[0]?.points
        .filter(({ after }) => after.workload.mask === mask && after.workload.seqKv > 2048)
        .map(({ published }) => (100 * published).toFixed(1));
    expect(gains('full')).toEqual(['17.5', '12.9', '12.6', '5.6']);
    expect(gains('causal')).toEqual(['25.2', '18.1', '16.7', '17.1']);
  });

  it("has GB200's published gains over B200 beside its clock or its multiprocessors, at both clocks of B200", () => {
    for (const changes of [GB200, { units: 152 }, { clockHz: 2062e6 }]) {
      const [only, ...others] = whatIf(changes).evidence;
      expect(others).toEqual([]);
      expect(only?.device).toBe('GB200');
      expect(only?.points).toHaveLength(8);
      for (const { forecasts } of only?.points ?? []) {
        expect(forecasts.map(({ b200ClockHz }) => b200ClockHz / 1e6)).toEqual([1850, 1965]);
      }
      const long = only?.points.filter(({ after }) => after.workload.seqKv > 4096).map(({ published }) => published);
      expect(Math.min(...(long ?? []))).toBeGreaterThan(0.06);
      expect(Math.max(...(long ?? []))).toBeLessThan(0.09);
    }
  });

  it('has the error of each forecast and their mean right', () => {
    for (const { points, meanErrors } of whatIf({ ...GB200, exponentialsPerClock: 32 }).evidence) {
      for (const { before, after, published, forecasts } of points) {
        expect(before.tflops * (1 + published)).toBeCloseTo(after.tflops, 9);
        expect([before.workload.mask, before.workload.seqKv]).toEqual([after.workload.mask, after.workload.seqKv]);
        for (const { gain, error } of forecasts) expect(published + error).toBeCloseTo(gain, 12);
      }
      meanErrors.forEach((mean, index) => {
        const errors = points.map(({ forecasts }) => Math.abs(forecasts[index]?.error ?? Number.NaN));
        expect(mean).toBeCloseTo(errors.reduce((sum, error) => sum + error, 0) / errors.length, 12);
      });
    }
  });

  it('forecasts by the clock of the simulation that was asked for', () => {
    const meanError = (correctionPart: number) =>
      whatIf({ exponentialsPerClock: 32 }, { correctionPart }).evidence[0]?.meanErrors[0] ?? Number.NaN;
    expect(meanError(75)).toBeLessThan(meanError(150));
  });

  it('is silent where no published device has the number, and the text says so', () => {
    const found = whatIf({ exponentialsPerClock: 24 });
    expect(found.evidence).toEqual([]);
    expect(formatWhatIf(found)).toContain('nothing checks this forecast');
  });

  it('names only devices that lead back to B200', () => {
    for (const { over } of DEVICE_CHANGES) {
      expect(over === 'B200' || DEVICE_CHANGES.some(({ device }) => device === over)).toBe(true);
    }
    expect(B200.exponentialsPerClock).toBe(16);
  });
});
