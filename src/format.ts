/** Numbers and units for people to read. */

/** Three significant digits, without an exponent. */
export function formatNumber(value: number): string {
  if (value === 0) return '0';
  const digits = 2 - Math.floor(Math.log10(Math.abs(value)));
  return digits >= 0 ? value.toFixed(Math.min(digits, 9)) : String(Number(value.toPrecision(3)));
}

/** A rate in the unit that people use, from TFLOPS: "1.67 PFLOPS", "190 GFLOPS". */
export function formatRate(tflops: number): string {
  if (tflops >= 1000) return `${formatNumber(tflops / 1000)} PFLOPS`;
  if (tflops >= 1) return `${formatNumber(tflops)} TFLOPS`;
  return tflops >= 0.001 ? `${formatNumber(tflops * 1000)} GFLOPS` : `${formatNumber(tflops * 1e6)} MFLOPS`;
}

/** A ratio rounded to its error, or to two digits if that is unknown: "9,120x ± 90", "4.2x". */
export function formatRatio(ratio: number, error: number | null): string {
  if (error === null) return `${formatRounded(ratio)}x`;
  const unit = 10 ** Math.floor(Math.log10(Math.max(error, ratio * 1e-6)));
  const round = (value: number) => withCommas(Number((Math.round(value / unit) * unit).toPrecision(12)));
  return `${round(ratio)}x ± ${round(error)}`;
}

/** A number with commas between its thousands. */
export function withCommas(value: number): string {
  return value >= 1000 ? value.toLocaleString('en-US') : String(value);
}

/** Two significant digits, with commas between thousands: "17,000", "2.6". */
export function formatRounded(value: number): string {
  return withCommas(Number(value.toPrecision(2)));
}

/** A relative change with its sign, from percent: "+8.1 %", "-0.3 %". */
export function formatChange(percent: number, digits = 1): string {
  return `${percent >= 0 ? '+' : ''}${percent.toFixed(digits)} %`;
}

/** Bytes in the largest binary unit that fits: "1.50 GiB". */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toPrecision(3)} ${units[unit]}`;
}

/** Bytes in a large unit and exactly: "1.50 GiB (1610612736 bytes)". */
export function formatExactBytes(bytes: number): string {
  return `${formatBytes(bytes)} (${bytes} bytes)`;
}

/** Seconds below a millisecond in ns or µs, three significant digits: "40 ns", "65.5 µs". */
export function formatShortTime(seconds: number): string {
  return seconds < 1e-6
    ? `${Number((seconds * 1e9).toPrecision(3))} ns`
    : `${Number((seconds * 1e6).toPrecision(3))} µs`;
}
