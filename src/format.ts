/** Numbers and units for people to read. */

/** Three significant digits, without an exponent. */
export function formatNumber(value: number): string {
  if (value === 0) return '0';
  const digits = 2 - Math.floor(Math.log10(Math.abs(value)));
  return digits >= 0 ? value.toFixed(Math.min(digits, 9)) : String(Number(value.toPrecision(3)));
}

/** A rate in the unit that people use, from TFLOPS: "1668 TFLOPS", "190 GFLOPS"; thousands of TFLOPS are written out. */
export function formatRate(tflops: number): string {
  const { value, unit } = inUnit(tflops);
  return `${unit === 'TFLOPS' && value >= 1000 ? Math.round(value) : formatNumber(value)} ${unit}`;
}

/** A rate with half of its interval, in one unit, both with the digits that the interval leaves: "126.3 ± 0.4 GFLOPS". */
export function formatRateWithin(tflops: number, half: number): string {
  const { value, unit } = inUnit(tflops);
  const error = (half / tflops) * value;
  const digitsOf = (x: number) => -Math.floor(Math.log10(x));
  const shown = 2 + digitsOf(value);
  const digits = Math.max(0, Math.min(error > 0 ? Math.max(shown, digitsOf(error)) : shown, shown + 1));
  // An error below the last digit is at most that digit.
  const least = error > 0 ? Math.max(error, 10 ** -digits) : 0;
  return `${value.toFixed(digits)} ± ${least.toFixed(digits)} ${unit}`;
}

/** Above this share of the rate half an interval tells little: bounds of few processes are by factors, and far from even. */
export const MOST_HALF = 0.3;

/** A rate with its interval, in one unit: "126.3 ± 0.4 GFLOPS"; with both bounds where these are far apart, "2.0 [0.4, 11] GFLOPS". */
export function formatRateInterval(tflops: number, low: number, high: number): string {
  const half = (high - low) / 2;
  if (half <= MOST_HALF * tflops) return formatRateWithin(tflops, half);
  const { value, unit } = inUnit(tflops);
  const [least, most] = [low, high].map((rate) => Number(((rate / tflops) * value).toPrecision(2)));
  return `${formatNumber(value)} [${least}, ${most}] ${unit}`;
}

/** A rate with its smallest and largest sample, in one unit: "126 (120-131) GFLOPS". */
export function formatRateSpread(tflops: number, minimum: number, maximum: number): string {
  const { value, unit } = inUnit(tflops);
  const [low, high] = [minimum, maximum].map((rate) => formatNumber((rate / tflops) * value));
  return `${formatNumber(value)} (${low}-${high}) ${unit}`;
}

function inUnit(tflops: number): { value: number; unit: string } {
  if (tflops >= 1) return { value: tflops, unit: 'TFLOPS' };
  if (tflops >= 1e-3) return { value: tflops * 1e3, unit: 'GFLOPS' };
  return tflops >= 1e-6 ? { value: tflops * 1e6, unit: 'MFLOPS' } : { value: tflops * 1e9, unit: 'kFLOPS' };
}

/** How many times as much, to two digits (three below 2): "17,000", "2.6", "1.05". The same number wherever a ratio is shown. */
export function formatFactor(factor: number): string {
  return factor < 2 ? factor.toPrecision(3) : formatRounded(factor);
}

/** A ratio as a factor, with its relative error where that is known: "17,000x ± 1.2 %", "4.2x". */
export function formatRatio(ratio: number, error: number | null): string {
  const factor = `${formatFactor(ratio)}x`;
  return error === null ? factor : `${factor} ± ${Number(((100 * error) / ratio).toPrecision(2))} %`;
}

/**
 * A paired ratio of throughputs as people say it, with its interval: "1.61x faster [1.58, 1.64]"; below 1 as the inverse,
 * "1.93x slower [1.90, 1.97]".
 */
export function formatFaster(ratio: number, low?: number | null, high?: number | null): string {
  const inverse = ratio < 1;
  const shown = (value: number) => formatNumber(inverse ? 1 / value : value);
  const bounds = low == null || high == null ? [] : inverse ? [high, low] : [low, high];
  const interval = bounds.length === 0 ? '' : ` [${bounds.map(shown).join(', ')}]`;
  return `${shown(ratio)}x ${inverse ? 'slower' : 'faster'}${interval}`;
}

/** A count with its noun: "1 workload", "3 workloads", "2,000 cases". */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${withCommas(count)} ${count === 1 ? noun : plural}`;
}

/** A time in the unit that people use: "40 ns", "65.5 µs", "12.3 ms", "70.2 s", "12.5 min", "25 h", "38 days". */
export function formatDuration(seconds: number): string {
  if (seconds < 1e-6) return `${formatNumber(seconds * 1e9)} ns`;
  if (seconds < 1e-3) return `${formatNumber(seconds * 1e6)} µs`;
  if (seconds < 1) return `${formatNumber(seconds * 1e3)} ms`;
  if (seconds < 120) return `${formatNumber(seconds)} s`;
  if (seconds < 7200) return `${formatNumber(seconds / 60)} min`;
  if (seconds < 172_800) return `${(seconds / 3600).toPrecision(2)} h`;
  return `${withCommas(Number((seconds / 86_400).toPrecision(2)))} days`;
}

/** A time that is only expected, in whole seconds, minutes, hours or days: "6 s", "3 min", "2.0 h". */
export function formatEstimate(seconds: number): string {
  if (seconds < 120) return `${Math.max(1, Math.ceil(seconds))} s`;
  return seconds < 7200 ? `${Math.ceil(seconds / 60)} min` : formatDuration(seconds);
}

/** Three significant digits with commas between thousands: "8.80", "12,300". */
export function formatGrouped(value: number): string {
  return value >= 1000 ? withCommas(Number(value.toPrecision(3))) : formatNumber(value);
}

/** A number with commas between its thousands. */
export function withCommas(value: number): string {
  return value >= 1000 ? value.toLocaleString('en-US') : String(value);
}

/** Two significant digits, with commas between thousands: "17,000", "2.6". */
export function formatRounded(value: number): string {
  return withCommas(Number(value.toPrecision(2)));
}

/** A number with its sign: "+3.2", "-1.3"; "+0.0" where it rounds to nothing from either side. */
export function signed(value: number, digits = 1): string {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? `+${(0).toFixed(digits)}` : value > 0 ? `+${text}` : text;
}

/** A relative change with its sign, from percent: "+8.1 %", "-0.3 %". */
export function formatChange(percent: number, digits = 1): string {
  return `${signed(percent, digits)} %`;
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

/** Seconds of something that was to take a round number of them: "60 s", "2.5 s". */
export const formatSeconds = (seconds: number) =>
  `${seconds < 10 ? Number(seconds.toFixed(1)) : Math.round(seconds)} s`;
